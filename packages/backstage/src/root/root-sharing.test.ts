import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runUntilKilled, tempDir } from '@gantry/testkit';
import { openTestRoot, readPlugins, runInstaller } from './root.fixture.ts';

const CHILD = new URL('./root-child.fixture.ts', import.meta.url);

/** Reads the root in a process of its own until stopped; throws what it found wrong. */
function startReader(directory: string) {
  const child = spawn(process.execPath, [fileURLToPath(CHILD), 'read', directory], { stdio: 'pipe' });
  const [out, problems, end] = [text(child.stdout), text(child.stderr), once(child, 'close')];
  return async (): Promise<void> => {
    child.stdin.end();
    const [code] = await end;
    assert.equal(code, 0, await problems);
    assert.match(await out, /^saw \d+\n$/);
  };
}

test('E1: 16 installers in one process take turns, and a reader never sees half a plugin', async (t) => {
  const directory = await tempDir(t);
  const stopReader = startReader(directory);
  let holders = 0;
  await Promise.all(
    Array.from({ length: 16 }, async (_, nth) => {
      const root = openTestRoot(directory);
      await runInstaller(root, { [`own-${nth % 4}`]: String(nth), shared: String(nth) }, {}, () => {
        holders += 1;
        assert.equal(holders, 1);
      });
      holders -= 1;
      await root[Symbol.asyncDispose]();
    }),
  );
  await stopReader();
  const seen = readPlugins(directory);
  const last = JSON.parse(readFileSync(join(directory, 'app-config.dynamic-plugins.yaml'), 'utf8'));
  assert.deepEqual(Object.fromEntries(seen), last);
  assert.equal(readdirSync(directory).length, 3);
});

test('E1: processes that share a root, one of them killed, leave whole plugins of one run and nothing else', async (t) => {
  const directory = await tempDir(t);
  const stopReader = startReader(directory);
  const names = ['one', 'two', 'three'];
  const ends = await Promise.all([
    ...Array.from({ length: 3 }, () => runUntilKilled(CHILD, { args: ['hammer', directory, '6', ...names] })),
    runUntilKilled(CHILD, { point: 'root.old-aside', nth: 3, args: ['hammer', directory, '6', ...names] }),
  ]);
  await stopReader();
  for (const { code, signal, stderr } of ends) assert.ok(code === 0 || signal === 'SIGKILL', stderr);
  const root = openTestRoot(directory);
  await runInstaller(root, { one: 'end', two: 'end' });
  await root[Symbol.asyncDispose]();
  assert.deepEqual(Object.fromEntries(readPlugins(directory)), { one: 'end', two: 'end' });
  assert.deepEqual(readdirSync(directory).sort(), ['app-config.dynamic-plugins.yaml', 'one', 'two']);
});
