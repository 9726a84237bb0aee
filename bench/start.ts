/** How long the command takes to start, and to run what is installed. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from './fixtures.ts';
import { home } from './gantry.ts';
import { inTurn, median, type Sample, sample } from './measure.ts';
import { mib, ms, type Row } from './table.ts';
import { echoPlugin } from './wasm-plugins.ts';

const node = process.execPath;
const rounds = 21;

function seconds(samples: readonly Sample[]): number {
  return median(samples.map((each) => each.seconds));
}

/** `gantry --version` against a bare node. */
export async function version(): Promise<Row[]> {
  const g = home('version');
  await g.run(['--version']);
  const { a, b } = await inTurn(
    rounds,
    () => g.run(['--version']),
    () => sample([node, '-e', '0']),
  );
  const [ours, bare] = [seconds(a), seconds(b)];
  return [
    {
      name: 'gantry --version',
      measured: ms(ours),
      against: `bare node ${ms(bare)}`,
      ratio: ours / bare,
      target: '<= 1.5',
      met: ours / bare <= 1.5,
      notes: `peak ${mib(Math.max(...a.map((each) => each.peakBytes)))}`,
    },
  ];
}

/** A warm `gantry run` of an executable and of a Wasm plugin. */
export async function warmRuns(): Promise<Row[]> {
  const g = home('warm');
  g.fresh();
  const script = join(cache, 'hello.sh');
  writeFileSync(script, '#!/bin/sh\necho hello\n');
  chmodSync(script, 0o755);
  const layout = join(cache, 'warm-layout');
  const executable = `oci-layout:${layout}:executable`;
  const wasm = `oci-layout:${layout}:wasm`;
  await g.run(['push', executable, script]);
  await g.run(['push', wasm, await echoPlugin(), '--kind', 'wasm']);
  await g.run(['install', executable, '--name', 'hello']);
  await g.run(['install', wasm, '--name', 'echo']);
  await g.run(['run', 'hello']);
  await g.run(['run', 'echo', 'echo', '--input', 'x']);

  const run = await inTurn(
    rounds,
    () => g.run(['run', 'hello']),
    async () => (await sample([node, '-e', '0'])).seconds + (await sample([script])).seconds,
  );
  const [executed, bare] = [seconds(run.a), median(run.b)];
  const call = await inTurn(
    rounds,
    () => g.run(['run', 'echo', 'echo', '--input', 'x']),
    () => sample([node, '-e', "new (require('node:worker_threads').Worker)('', { eval: true })"]),
  );
  const [called, worker] = [seconds(call.a), seconds(call.b)];
  g.fresh();
  return [
    {
      name: 'warm gantry run, executable',
      measured: ms(executed),
      against: `bare node + the plugin ${ms(bare)}`,
      ratio: executed / bare,
      target: '<= 2.5',
      met: executed / bare <= 2.5,
      notes: `no request (offline layout), peak ${mib(Math.max(...run.a.map((each) => each.peakBytes)))}`,
    },
    {
      name: 'warm gantry run, Wasm',
      measured: ms(called),
      against: `node with one empty worker ${ms(worker)}`,
      ratio: called / worker,
      target: '<= 2.0',
      met: called / worker <= 2,
      notes: `no request, peak ${mib(Math.max(...call.a.map((each) => each.peakBytes)))}`,
    },
  ];
}
