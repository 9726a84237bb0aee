import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError, type OpEvent } from '@gantry/oci';
import type { Plugin } from '../plugin.ts';
import { assemblePlugin, ECHO } from '../wat.fixture.ts';
import { bytes, call, code, EMPTY, load, number, OUTPUT_I64, text } from './load-wasm.fixture.ts';

test('input reaches an export, and its output comes back', async (t) => {
  const plugin = await load(t, assemblePlugin(ECHO));
  assert.deepEqual(plugin.exports, ['echo']);
  for (const size of [0, 1, 7, 8, 9, 100_000]) {
    const input = Buffer.alloc(size, 'gantry');
    assert.deepEqual(Buffer.from(await plugin.call('echo', input)), input);
  }
});

test('the caller keeps the bytes it gave', async (t) => {
  const plugin = await load(t, assemblePlugin(ECHO));
  const input = new Uint8Array(100_000).fill(1);
  await plugin.call('echo', input);
  assert.equal(input.length, 100_000);
});

test('a run tells bytes, time and what the function returned', async (t) => {
  const plugin = await load(t, assemblePlugin(ECHO));
  const chunks: Uint8Array[] = [];
  const result = await plugin.run({ input: bytes('four'), stdout: (chunk) => void chunks.push(chunk) });
  assert.deepEqual([result.inputBytes, result.outputBytes, result.exitCode, result.output.length], [4, 4, 0, 0]);
  assert.equal(text(Buffer.concat(chunks)), 'four');
  assert.ok(result.durationMs > 0);
});

test('only functions of the ABI can be called; without a name there must be one of them', async (t) => {
  const plugin = await load(
    t,
    assemblePlugin(`
      (memory (export "memory") 1)
      (func (export "two") (result i32) (i32.const 0))
      (func (export "one"))
      (func (export "_start"))
      (func (export "_initialize"))
      (func (export "__heap") (result i32) (i32.const 0))
      (func (export "add") (param i32 i32) (result i32) (i32.const 0))
      (func (export "wide") (result i64) (i64.const 0))`),
  );
  assert.deepEqual(plugin.exports, ['one', 'two']);
  assert.deepEqual((await plugin.run({ name: 'one' })).failure, undefined);
  await assert.rejects(
    plugin.run({}),
    (error) => isGantryError(error) && /name the function.*one, two/.test(error.message),
  );
  for (const name of ['three', '_start', 'add', 'memory', '__heap', 'wide', 'toString']) {
    await assert.rejects(plugin.call(name, EMPTY), code('RUNTIME_EXPORT_MISSING'));
  }
  const none = await load(t, assemblePlugin(''));
  await assert.rejects(none.run({}), code('RUNTIME_EXPORT_MISSING'));
});

test('a request that is meant for an executable is refused', async (t) => {
  const plugin = await load(t, assemblePlugin(ECHO));
  await assert.rejects(plugin.run({ args: ['--help'] }), code('RUNTIME_REQUEST_INVALID'));
});

test('an error that the plugin sets, and a result other than 0, are failures', async (t) => {
  const plugin = await load(
    t,
    assemblePlugin(`
      (func (export "sets") (result i32) (call $error_set (call $input_offset)) (i32.const 1))
      (func (export "returns") (result i32)
        (call $output_set (call $input_offset) (call $input_length)) (i32.const 3))
      ${ECHO}`),
  );
  await assert.rejects(
    plugin.call('sets', bytes('no such\u001b[2J provider')),
    (error) => code('RUNTIME_PLUGIN_ERROR')(error) && /no such\\u\{1b\}\[2J provider/.test((error as Error).message),
  );
  const result = await plugin.run({ name: 'returns', input: bytes('partial') });
  assert.ok(code('RUNTIME_PLUGIN_ERROR')(result.failure));
  assert.deepEqual([result.exitCode, text(result.output)], [3, 'partial']);
  assert.equal(text(await plugin.call('echo', bytes('next'))), 'next');
});

test('configuration is read by key, and only what was configured', async (t) => {
  const plugin = await load(
    t,
    assemblePlugin(`(func (export "config") (result i32) (local $at i64)
      (local.set $at (call $config_get (call $input_offset)))
      (if (i64.ne (local.get $at) (i64.const 0))
        (then (call $output_set (local.get $at) (call $length (local.get $at)))))
      (i32.const 0))`),
    { config: { model: 'small' } },
  );
  assert.equal(text(await plugin.call('config', bytes('model'))), 'small');
  for (const key of ['absent', 'constructor', '__proto__', 'toString']) {
    assert.equal(text(await plugin.call('config', bytes(key))), '');
  }
});

test('log functions are events, with their level', async (t) => {
  const plugin = await load(t, assemblePlugin(call('log', '(call $log_info (call $input_offset))')));
  const events: OpEvent[] = [];
  await plugin.call('log', bytes('warm\tup\u0007'), { onEvent: (event) => events.push(event) });
  assert.deepEqual(events, [{ type: 'log', plugin: 'specimen', level: 'info', message: 'warm\tup\\u{7}' }]);
});

test('R10: reset leaves nothing of earlier calls; separately loaded plugins share nothing', async (t) => {
  const module = assemblePlugin(`
    (memory (export "memory") 1) (global $calls (mut i64) (i64.const 0)) ${OUTPUT_I64}
    (func (export "count") (result i32) (local $key i64) (local $held i64)
      (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
      (local.set $key (call $alloc (i64.const 3)))
      (local.set $held (call $var_get (local.get $key)))
      (call $var_set (local.get $key) (local.get $key))
      (call $answer (i64.add (global.get $calls)
        (select (i64.const 0) (i64.const 100) (i64.eqz (local.get $held)))))
      (i32.const 0))`);
  const op = { limits: { wasmThreads: 1 } };
  const plugin = await load(t, module, {}, op);
  const other = await load(t, module, {}, op);
  const count = async (of: Plugin): Promise<bigint> => number(await of.call('count', EMPTY));
  assert.deepEqual([await count(plugin), await count(plugin), await count(other)], [1n, 102n, 1n]);
  plugin.reset();
  assert.deepEqual([await count(plugin), await count(other)], [1n, 102n]);
});

test('R10: allocated blocks are zeroed, whatever was there before', async (t) => {
  const plugin = await load(
    t,
    assemblePlugin(`(func (export "peek") (result i32) (local $at i64)
      (local.set $at (call $alloc (i64.const 4096)))
      (call $output_set (local.get $at) (i64.const 4096)) (i32.const 0)) ${ECHO}`),
    {},
    { limits: { wasmThreads: 1 } },
  );
  await plugin.call('echo', Buffer.alloc(60_000, 'canary'));
  assert.deepEqual(Buffer.from(await plugin.call('peek', EMPTY)), Buffer.alloc(4096));
});

test('calls run side by side on several threads, and never more than the limit', async (t) => {
  const plugin = await load(t, assemblePlugin(ECHO), {}, { limits: { wasmThreads: 2 } });
  const outputs = await Promise.all(Array.from({ length: 200 }, (_, index) => plugin.call('echo', bytes(`${index}`))));
  assert.deepEqual(
    outputs.map(text),
    outputs.map((_, index) => `${index}`),
  );
});
