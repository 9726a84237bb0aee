/** Calls into a real Wasm plugin (Go): in our isolated worker, and by the Extism SDK on the main thread. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGantry } from '@gantry/core';
import { loadPlugin } from '@gantry/runtime';
import { cache } from './fixtures.ts';
import { median } from './measure.ts';
import { ms, type Row } from './table.ts';
import { goPlugin } from './wasm-plugins.ts';

type Call = (input: Uint8Array) => Promise<unknown>;

/** Seconds of each call, the two in turn. */
async function alternately(times: number, input: Uint8Array, a: Call, b: Call): Promise<[number, number]> {
  const seconds: [number[], number[]] = [[], []];
  for (let round = 0; round < times; round++) {
    for (const [index, call] of [a, b].entries()) {
      const begin = performance.now();
      await call(input);
      seconds[index]?.push((performance.now() - begin) / 1000);
    }
  }
  return [median(seconds[0]), median(seconds[1])];
}

/** 16 bytes, and 1 MiB in and out. */
export async function wasmCalls(): Promise<Row[]> {
  const file = goPlugin();
  await using gantry = openGantry({ home: join(cache, 'home-calls') });
  const installed = await gantry.install({ source: file, kind: 'wasm', name: 'calls' });
  await using isolated = await loadPlugin(installed, { memory: 256 * 1024 * 1024 });
  const { default: createPlugin } = await import('@extism/extism');
  const direct = await createPlugin({ wasm: [{ data: await readFile(file) }] }, { useWasi: true, runInWorker: false });
  try {
    const ours: Call = (input) => isolated.call('echo', input);
    const mainThread: Call = (input) => direct.call('echo', input);
    await alternately(2000, new Uint8Array(16), ours, mainThread);
    const [small, smallMain] = await alternately(5000, new Uint8Array(16), ours, mainThread);
    const mebibyte = new Uint8Array(1024 * 1024).fill(7);
    await alternately(20, mebibyte, ours, mainThread);
    const [large, largeMain] = await alternately(200, mebibyte, ours, mainThread);
    return [
      {
        name: 'Wasm call, 16 bytes, isolated worker',
        measured: `${(small * 1e6).toFixed(0)} us`,
        against: `SDK on the main thread ${(smallMain * 1e6).toFixed(0)} us`,
        ratio: small / smallMain,
        target: '<= 60 us',
        met: small <= 60e-6,
        notes: 'Go plugin, median of 5000',
      },
      {
        name: 'Wasm call, 1 MiB in and out, isolated worker',
        measured: ms(large),
        against: `SDK on the main thread ${ms(largeMain)}`,
        ratio: large / largeMain,
        target: '<= 2 ms over it',
        met: large - largeMain <= 2e-3,
        notes: 'Go plugin, median of 200',
      },
    ];
  } finally {
    await direct.close();
  }
}
