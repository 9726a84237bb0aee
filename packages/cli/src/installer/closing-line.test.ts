import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstallReport, PluginReport } from '@gantry/backstage';
import { closingLine } from './closing-line.ts';

function report(...states: readonly PluginReport['state'][]): InstallReport {
  const plugins = states.map((state) => ({ package: 'p', key: 'p', state, signer: null, bytes: 0, seconds: 0 }));
  return { root: '/root', plugins, requests: 1, bytes: 0, seconds: 0.5, appConfig: null };
}

test('the last line counts plugins by what became of them, and with a dry run by what would', () => {
  const done = report('installed', 'unchanged', 'removed', 'installed');
  assert.equal(
    closingLine(done),
    '\n======= 4 plugins (2 installed, 1 unchanged, 1 removed), 0 B in 1 request, 500 ms',
  );
  assert.equal(
    closingLine({ ...done, estimate: { download: 1024, disk: 2048 } }),
    '\n======= 4 plugins (2 to install, 1 unchanged, 1 to remove), 0 B in 1 request, 500 ms' +
      '\n======= Dry run: nothing was changed. Installing would download 1.0 KiB and take about 2.0 KiB of disk',
  );
});
