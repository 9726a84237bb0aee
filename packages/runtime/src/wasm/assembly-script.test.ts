import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import createPlugin from '@extism/extism';
import { isGantryError, type OpEvent } from '@gantry/oci';
import { compileAssemblyScript } from '../assembly-script.fixture.ts';
import { install } from '../installed.fixture.ts';
import type { Grants, Plugin } from '../plugin.ts';
import { openWasmRuntime } from './wasm-runtime.ts';

// A plugin as people write them, with the plugin kit that Extism publishes.
const SOURCE = `
import { Config, Host, LogLevel, Memory, Var } from '@extism/as-pdk';
import { error_set } from '@extism/as-pdk/lib/env';

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}

export function greet(): i32 {
  const greeting = Config.get('greeting');
  Host.outputString((greeting == null ? 'hello' : greeting) + ', ' + Host.inputString());
  return 0;
}

export function echo(): i32 {
  Host.output(Host.input());
  return 0;
}

export function count(): i32 {
  const held = Var.getString('count');
  const next = (held == null ? 0 : I32.parseInt(held)) + 1;
  Var.set('count', Uint8Array.wrap(String.UTF8.encode(next.toString())));
  Host.outputString(next.toString());
  return 0;
}

export function log(): i32 {
  Host.log(LogLevel.Info, 'informed');
  Host.log(LogLevel.Error, 'alarmed');
  return 0;
}

export function fail(): i32 {
  error_set(Memory.allocateString('no such provider').offset);
  return 1;
}

export function hoard(): i32 {
  const held: Uint8Array[] = [];
  while (true) held.push(new Uint8Array(1 << 20));
}
`;

let module = new Uint8Array();
before(async () => {
  module = Uint8Array.from(await compileAssemblyScript(SOURCE));
});

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const code = (expected: string) => (error: unknown) => isGantryError(error) && error.code === expected;

async function load(t: TestContext, grants: Grants = {}): Promise<Plugin> {
  const op = { limits: { wasmThreads: 1 } };
  const plugin = await openWasmRuntime().load(await install(t, 'wasm', module), grants, op);
  t.after(() => plugin[Symbol.asyncDispose]());
  return plugin;
}

test('a plugin from AssemblyScript: input, output, configuration, variables', async (t) => {
  const plugin = await load(t, { config: { greeting: 'good day' } });
  assert.deepEqual(plugin.exports, ['count', 'echo', 'fail', 'greet', 'hoard', 'log']);
  assert.equal(text(await plugin.call('greet', Buffer.from('World'))), 'good day, World');
  assert.equal(text(await plugin.call('count', new Uint8Array())), '1');
  assert.equal(text(await plugin.call('count', new Uint8Array())), '2');
  plugin.reset();
  assert.equal(text(await plugin.call('count', new Uint8Array())), '1');
});

test('a plugin from AssemblyScript: logs, its own error, memory beyond the grant', async (t) => {
  const plugin = await load(t, { memory: 32 * 65_536 });
  const events: OpEvent[] = [];
  await plugin.call('log', new Uint8Array(), { onEvent: (event) => events.push(event) });
  assert.deepEqual(
    events.map((event) => event.type === 'log' && [event.level, event.message]),
    [
      ['info', 'informed'],
      ['error', 'alarmed'],
    ],
  );
  const failed = await plugin.run({ name: 'fail' });
  assert.ok(code('RUNTIME_PLUGIN_ERROR')(failed.failure));
  assert.match(failed.failure?.message ?? '', /reports: no such provider/);
  assert.equal(failed.exitCode, 1);
  assert.ok(code('RUNTIME_MEMORY')((await plugin.run({ name: 'hoard' })).failure));
});

// ASCII only: outputString of the plugin kit counts characters where it should count bytes.
test('our host answers a plugin as the Extism SDK does', async (t) => {
  const ours = await load(t, { config: { greeting: 'good day' } });
  const theirs = await createPlugin({ wasm: [{ data: module }] }, { config: { greeting: 'good day' } });
  t.after(() => theirs.close());
  const inputs = [0, 1, 7, 8, 9, 15, 16, 17, 1000, 65_535, 65_536, 200_000].map((size) =>
    Uint8Array.from({ length: size }, (_, index) => (index * 31) % 127),
  );
  for (const [index, input] of inputs.entries()) {
    for (const name of ['echo', 'greet', 'count']) {
      const [mine, other] = [await ours.call(name, input), await theirs.call(name, input)];
      assert.deepEqual(Buffer.from(mine), Buffer.from(other?.bytes() ?? []), `${name} of input ${index}`);
    }
  }
});
