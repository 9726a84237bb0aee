import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { isGantryError, type Op, type OpEvent } from '@gantry/oci';
import { install } from '../installed.fixture.ts';
import type { Grants, Plugin } from '../plugin.ts';
import { assemble, assemblePlugin, ECHO } from '../wat.fixture.ts';
import { openWasmRuntime } from './wasm-runtime.ts';
import { openThread } from './wasm-thread.ts';

const EMPTY = new Uint8Array();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);
const code = (expected: string) => (error: unknown) => isGantryError(error) && error.code === expected;

async function load(t: TestContext, module: Uint8Array, grants: Grants = {}, op?: Op): Promise<Plugin> {
  const plugin = await openWasmRuntime().load(await install(t, 'wasm', module), grants, op);
  t.after(() => plugin[Symbol.asyncDispose]());
  return plugin;
}

async function refuses(
  t: TestContext,
  module: Uint8Array,
  expected: string,
  op?: Op,
  grants: Grants = {},
): Promise<void> {
  const installed = await install(t, 'wasm', module);
  await assert.rejects(openWasmRuntime().load(installed, grants, op), code(expected));
}

/** A function that ends as `body` says. */
const call = (name: string, body: string): string => `(func (export "${name}") (result i32) ${body} (i32.const 0))`;
const LOOP = '(loop $forever (br $forever))';
/** Puts an i64 into the output. */
const OUTPUT_I64 = `
  (func $answer (param $value i64) (local $at i64)
    (local.set $at (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $at) (local.get $value))
    (call $output_set (local.get $at) (i64.const 8)))`;
const number = (output: Uint8Array): bigint => Buffer.from(output).readBigInt64LE();

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

test('R2: an endless loop is ended at its deadline while the host goes on, and the next call works', async (t) => {
  const plugin = await load(t, assemblePlugin(`${call('loop', LOOP)} ${ECHO}`), { timeout: 200 });
  let turns = 0;
  const interval = setInterval(() => turns++, 5);
  const result = await plugin.run({ name: 'loop' });
  clearInterval(interval);
  assert.ok(code('RUNTIME_TIMEOUT')(result.failure));
  assert.ok(turns > 3, `the event loop turned ${turns} times`);
  assert.equal(text(await plugin.call('echo', bytes('alive'))), 'alive');
});

test('R2: an endless start function and an endless _initialize are ended while loading', async (t) => {
  const op = { limits: { pluginTimeout: 200 } };
  await refuses(t, assemble(`(module (func $s ${LOOP}) (start $s))`), 'RUNTIME_TIMEOUT', op);
  await refuses(t, assemble(`(module (func (export "_initialize") ${LOOP}))`), 'RUNTIME_TIMEOUT', op);
});

test('R2: a plugin that waits in a host function is ended too', async (t) => {
  const plugin = await load(
    t,
    assemble(`(module
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 24) "\\00\\00\\00\\00\\00\\00\\00\\7f")
      (func (export "sleep") (result i32) (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))`),
    { timeout: 200 },
  );
  assert.ok(code('RUNTIME_TIMEOUT')((await plugin.run({})).failure));
});

test('F12: cancelling ends the call and leaves the plugin usable', async (t) => {
  const plugin = await load(t, assemblePlugin(`${call('loop', LOOP)} ${ECHO}`));
  const controller = new AbortController();
  const running = plugin.call('loop', EMPTY, { signal: controller.signal });
  setImmediate(() => controller.abort());
  await assert.rejects(running, { name: 'AbortError' });
  await assert.rejects(plugin.call('echo', EMPTY, { signal: controller.signal }), { name: 'AbortError' });
  assert.equal(text(await plugin.call('echo', bytes('alive'))), 'alive');
});

test('F12: cancelling a call that still waits for a thread', async (t) => {
  const op = { limits: { wasmThreads: 1 } };
  const plugin = await load(t, assemblePlugin(`${call('loop', LOOP)} ${ECHO}`), { timeout: 300 }, op);
  const first = plugin.run({ name: 'loop' });
  const controller = new AbortController();
  const second = plugin.call('echo', EMPTY, { signal: controller.signal });
  controller.abort();
  await assert.rejects(second, { name: 'AbortError' });
  const third = plugin.call('echo', bytes('third'));
  assert.ok(code('RUNTIME_TIMEOUT')((await first).failure));
  assert.equal(text(await third), 'third');
});

const GROW = `
  (memory (export "memory") 1)
  ${OUTPUT_I64}
  ${call('grow', '(call $answer (i64.extend_i32_s (memory.grow (i32.wrap_i64 (call $input_load_u64 (i64.const 0))))))')}`;
const pages = (count: number): Uint8Array => {
  const input = Buffer.alloc(8);
  input.writeBigInt64LE(BigInt(count));
  return input;
};

test('R3: memory grows up to the grant and not a page beyond, whatever the module declares', async (t) => {
  const grants = { memory: 10 * 65_536 };
  for (const memory of ['1', '1 65536', '1 10', '1 11']) {
    const module = assemblePlugin(GROW.replace('"memory") 1', `"memory") ${memory}`));
    for (const [by, expected] of [
      [8, 1n],
      [9, 1n],
      [10, -1n],
    ] as const) {
      const plugin = await load(t, module, grants);
      assert.equal(number(await plugin.call('grow', pages(by))), expected, `(memory ${memory}) grown by ${by}`);
    }
  }
});

test('R3: a module whose own maximum is lower keeps it', async (t) => {
  const plugin = await load(t, assemblePlugin(GROW.replace('"memory") 1', '"memory") 1 3')), { memory: 10 * 65_536 });
  assert.equal(number(await plugin.call('grow', pages(3))), -1n);
  assert.equal(number(await plugin.call('grow', pages(2))), 1n);
});

test('R3: a module that starts beyond its grant is refused before it is compiled', async (t) => {
  for (const [initial, accepted] of [
    [9, true],
    [10, true],
    [11, false],
  ] as const) {
    const module = assemble(`(module (memory ${initial}) (func (export "f")))`);
    const grants = { memory: 10 * 65_536 };
    if (accepted) await load(t, module, grants);
    else await refuses(t, module, 'RUNTIME_MEMORY', undefined, grants);
  }
});

test('R3: tables are held to their limit at the start and when they grow', async (t) => {
  const op = { limits: { wasmTableElements: 100 } };
  const table = (initial: number): string => `
    (table ${initial} funcref) ${OUTPUT_I64}
    ${call('grow', '(call $answer (i64.extend_i32_s (table.grow (ref.null func) (i32.wrap_i64 (call $input_load_u64 (i64.const 0))))))')}`;
  const plugin = await load(t, assemblePlugin(table(90)), {}, op);
  assert.equal(number(await plugin.call('grow', pages(11))), -1n);
  assert.equal(number(await plugin.call('grow', pages(10))), 90n);
  await load(t, assemblePlugin(table(100)), {}, op);
  await refuses(t, assemblePlugin(table(101)), 'RUNTIME_MEMORY', op);
});

test('R3: what a plugin exchanges with its host is held to the grant as well', async (t) => {
  const allocate = `${OUTPUT_I64} ${call('allocate', '(drop (call $alloc (call $input_load_u64 (i64.const 0))))')}`;
  const plugin = await load(t, assemblePlugin(allocate), { memory: 10 * 65_536 });
  // The input itself takes two units of allocation, below the page that holds them.
  for (const [size, accepted] of [
    [10 * 65_536 - 64, true],
    [11 * 65_536 - 31, false],
    [2 ** 32, false],
    [2 ** 53, false],
    [-1, false],
  ] as const) {
    const { failure } = await plugin.run({ name: 'allocate', input: pages(size) });
    if (accepted) assert.equal(failure, undefined);
    else assert.ok(code('RUNTIME_MEMORY')(failure), `${size}: ${failure}`);
  }
});

test('R3: a grant beyond what a memory can have is all of it', async (t) => {
  const plugin = await load(t, assemblePlugin(GROW), { memory: 2 ** 40 });
  assert.equal(number(await plugin.call('grow', pages(65_536))), -1n);
});

test('R3: blocks are counted, freed ones not', async (t) => {
  const repeat = (body: string): string => `
    (local $left i64) (local.set $left (call $input_load_u64 (i64.const 0)))
    (loop $next ${body} (local.set $left (i64.sub (local.get $left) (i64.const 1)))
      (br_if $next (i64.ne (local.get $left) (i64.const 0))))`;
  const plugin = await load(
    t,
    assemblePlugin(`${call('keep', repeat('(drop (call $alloc (i64.const 1)))'))}
      ${call('free', repeat('(call $free (call $alloc (i64.const 1)))'))}`),
    {},
    { limits: { pluginBlocks: 10 } },
  );
  // The input is a block, too.
  assert.equal((await plugin.run({ name: 'keep', input: pages(8) })).failure, undefined);
  assert.equal((await plugin.run({ name: 'keep', input: pages(9) })).failure, undefined);
  assert.ok(code('RUNTIME_MEMORY')((await plugin.run({ name: 'keep', input: pages(10) })).failure));
  assert.equal((await plugin.run({ name: 'free', input: pages(100_000) })).failure, undefined);
});

test('R4: output is accepted up to the limit', async (t) => {
  const plugin = await load(t, assemblePlugin(ECHO));
  const op = { limits: { pluginOutputBytes: 100 } };
  for (const size of [99, 100]) assert.equal((await plugin.call('echo', Buffer.alloc(size), op)).length, size);
  await assert.rejects(plugin.call('echo', Buffer.alloc(101), op), code('RUNTIME_OUTPUT_LIMIT'));
});

test('R4: input is accepted up to the limit', async (t) => {
  const plugin = await load(t, assemblePlugin(ECHO));
  const op = { limits: { pluginInputBytes: 100 } };
  for (const size of [99, 100]) assert.equal((await plugin.call('echo', Buffer.alloc(size), op)).length, size);
  await assert.rejects(plugin.call('echo', Buffer.alloc(101), op), code('RUNTIME_INPUT_LIMIT'));
});

test('R4: a flood of log lines ends the call, listened to or not', async (t) => {
  const plugin = await load(
    t,
    assemblePlugin(`(func (export "flood") (result i32)
      (local $at i64) (local.set $at (call $alloc (i64.const 10000)))
      (loop $forever (call $log_info (local.get $at)) (br $forever)) (i32.const 0))`),
  );
  for (const onEvent of [undefined, () => {}]) {
    const op: Op = { limits: { pluginLogBytes: 1_000_000 }, ...(onEvent === undefined ? {} : { onEvent }) };
    await assert.rejects(plugin.call('flood', EMPTY, op), code('RUNTIME_LOG_LIMIT'));
  }
});

test('R4: log bytes are accepted up to the limit', async (t) => {
  const plugin = await load(t, assemblePlugin(call('log', '(call $log_info (call $input_offset))')));
  const op = { limits: { pluginLogBytes: 10 } };
  for (const size of [8, 9]) await plugin.call('log', Buffer.alloc(size, 'x'), op);
  await assert.rejects(plugin.call('log', Buffer.alloc(10, 'x'), op), code('RUNTIME_LOG_LIMIT'));
});

test('R4: variables are held to their limit', async (t) => {
  const plugin = await load(
    t,
    assemblePlugin(`(func (export "set") (result i32) (local $key i64)
      (local.set $key (call $alloc (i64.const 1)))
      (call $var_set (local.get $key) (call $input_offset)) (i32.const 0))`),
    {},
    { limits: { pluginVarBytes: 100 } },
  );
  for (const size of [98, 99, 99]) await plugin.call('set', Buffer.alloc(size));
  await assert.rejects(plugin.call('set', Buffer.alloc(100)), code('RUNTIME_MEMORY'));
});

test('R4: no pointer or length leads out of the memory that is exchanged', async (t) => {
  const values = [
    '0',
    '-1',
    '1',
    '15',
    '0x7fffffff',
    '0xffffffff',
    '0x100000010',
    '0x7fffffffffffffff',
    '0x8000000000000000',
  ];
  const uses = (value: string): string[] => [
    `(drop (call $load_u8 (i64.const ${value})))`,
    `(drop (call $load_u64 (i64.const ${value})))`,
    `(call $store_u8 (i64.const ${value}) (i32.const 255))`,
    `(call $store_u64 (i64.const ${value}) (i64.const -1))`,
    `(drop (call $input_load_u8 (i64.const ${value})))`,
    `(drop (call $input_load_u64 (i64.const ${value})))`,
    `(call $output_set (i64.const ${value}) (i64.const 16))`,
    `(call $output_set (i64.const 16) (i64.const ${value}))`,
    `(call $error_set (i64.const ${value}))`,
    `(call $free (i64.const ${value}))`,
    `(drop (call $length (i64.const ${value})))`,
    `(drop (call $config_get (i64.const ${value})))`,
    `(drop (call $var_get (i64.const ${value})))`,
    `(call $var_set (i64.const ${value}) (i64.const ${value}))`,
    `(call $log_info (i64.const ${value}))`,
  ];
  const all = values.flatMap(uses);
  const plugin = await load(t, assemblePlugin(all.map((use, index) => call(`f${index}`, use)).join('\n')));
  const expected = ['RUNTIME_TRAP', 'RUNTIME_OUTPUT_LIMIT', undefined];
  for (let index = 0; index < all.length; index++) {
    const { failure } = await plugin.run({ name: `f${index}`, input: bytes('x') });
    assert.ok(expected.includes(failure?.code), `${all[index]}: ${failure}`);
  }
  // Far addresses are never accepted.
  for (const [index, use] of all.entries()) {
    if (!/(load|store)_u(8|64) \(i64.const (0x1|0x7|0x8|0xf|-1)/.test(use)) continue;
    assert.ok(code('RUNTIME_TRAP')((await plugin.run({ name: `f${index}`, input: bytes('x') })).failure), use);
  }
});

test('R8: what is no core module is refused with the reason', async (t) => {
  const header = Buffer.from('0061736d01000000', 'hex');
  for (const [module, reason] of [
    [Buffer.from(''), /does not begin as WebAssembly/],
    [bytes('<html>'), /does not begin as WebAssembly/],
    [Buffer.from('0061736d02000000', 'hex'), /another version/],
    [Buffer.from('0061736d0d000100', 'hex'), /is a component/],
    [Buffer.concat([header, Buffer.from([1])]), /unexpected end/],
    [Buffer.concat([header, Buffer.from([99, 0])]), /unknown or out of order/],
    [Buffer.concat([header, Buffer.from([5, 4, 1, 0, 1, 0])]), /longer than its content/],
    [assemble('(module (memory 1 1 shared))', { check: false }), /shared or 64-bit/],
    [assemble('(module (memory i64 1))', { check: false }), /shared or 64-bit/],
    [assemble('(module (memory 1) (memory 1))', { check: false }), /more than one memory/],
    [assemble('(module (func (result i32)))', { check: false }), /is not valid/],
  ] as const) {
    const installed = await install(t, 'wasm', module);
    await assert.rejects(
      openWasmRuntime().load(installed, {}),
      (error) => code('RUNTIME_MODULE_INVALID')(error) && reason.test((error as Error).message),
      String(reason),
    );
  }
});

test('R8: imports are held to the functions of Extism and WASI preview 1', async (t) => {
  for (const wanted of [
    '(import "env" "abort" (func))',
    '(import "extism:host/env" "exec" (func))',
    '(import "extism:host/user" "alloc" (func))',
    '(import "extism:host/env" "alloc" (global i64))',
    '(import "extism:host/env" "memory" (memory 1))',
    '(import "extism:host/env" "table" (table 1 funcref))',
    '(import "wasi_snapshot_preview1" "sock_open" (func))',
    '(import "wasi_unstable" "fd_write" (func))',
    '(import "extism:host/env" "toString" (func))',
    '(import "extism:host/env" "__proto__" (func))',
  ]) {
    await refuses(t, assemble(`(module ${wanted})`), 'RUNTIME_IMPORT_REFUSED');
  }
  // A known name with another type is found by the engine.
  await refuses(t, assemble('(module (import "extism:host/env" "load_u8" (func)))'), 'RUNTIME_IMPORT_REFUSED');
});

test('R8: the size of a module has a limit', async (t) => {
  const module = assemble('(module (func (export "f")))');
  for (const more of [1, 0]) await load(t, module, {}, { limits: { wasmBytes: module.length + more } });
  await refuses(t, module, 'RUNTIME_MODULE_INVALID', { limits: { wasmBytes: module.length - 1 } });
});

test('R8: a module of 100,000 functions loads, or is ended in time', async (t) => {
  const count = 100_000;
  const body = [4, 0, 65, 0, 11];
  const leb = (value: number): number[] => (value < 128 ? [value] : [(value % 128) | 128, ...leb(value >> 7)]);
  const section = (id: number, content: Uint8Array): Uint8Array =>
    Buffer.concat([Buffer.from([id, ...leb(content.length)]), content]);
  const module = Buffer.concat([
    Buffer.from('0061736d01000000', 'hex'),
    section(1, Buffer.from([1, 0x60, 0, 1, 0x7f])),
    section(3, Buffer.concat([Buffer.from(leb(count)), Buffer.alloc(count)])),
    section(7, Buffer.from([1, 1, 102, 0, 0])),
    section(
      10,
      Buffer.concat([Buffer.from(leb(count)), Buffer.from(Array.from({ length: count }, () => body).flat())]),
    ),
  ]);
  const plugin = await load(t, module);
  assert.equal((await plugin.run({})).failure, undefined);
  await refuses(t, module, 'RUNTIME_TIMEOUT', { limits: { pluginTimeout: 1 } });
});

test('I1: a module that is not the installed file is never compiled', async (t) => {
  const module = assemblePlugin(ECHO);
  const digest = `sha256:${'0'.repeat(64)}` as const;
  const tampered = await install(t, 'wasm', module, { entryDigest: digest });
  await assert.rejects(openWasmRuntime().load(tampered, {}), code('RUNTIME_ENTRY_CHANGED'));
  const longer = await install(t, 'wasm', module);
  await appendFile(longer.facts.entry ?? '', '\0');
  await assert.rejects(openWasmRuntime().load(longer, {}), code('RUNTIME_ENTRY_CHANGED'));
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

const FAILURES = `
  (memory (export "memory") 1)
  (table 1 funcref)
  (tag $thrown)
  (func $deeper (call $deeper))
  ${call('unreachable', '(unreachable)')}
  ${call('divide', '(drop (i32.div_s (i32.const 1) (i32.const 0)))')}
  ${call('outside', '(drop (i32.load (i32.const 65533)))')}
  ${call('null', '(call_indirect (i32.const 0))')}
  ${call('throw', '(throw $thrown)')}
  ${call('recurse', '(call $deeper)')}
  ${call('network', '(drop (call $http_request (i64.const 0) (i64.const 0)))')}
  ${call('hoard', '(drop (call $alloc (i64.const 0x100000000)))')}
  ${ECHO}`;

test('R12: every way to fail has its code, and the plugin goes on', async (t) => {
  const plugin = await load(t, assemblePlugin(FAILURES));
  for (const [name, expected, message] of [
    ['unreachable', 'RUNTIME_TRAP', /unreachable/],
    ['divide', 'RUNTIME_TRAP', /divide by zero/],
    ['outside', 'RUNTIME_TRAP', /out of bounds/],
    ['null', 'RUNTIME_TRAP', /null function/],
    ['throw', 'RUNTIME_TRAP', /exception/],
    ['recurse', 'RUNTIME_TRAP', /call stack/],
    ['network', 'RUNTIME_NOT_GRANTED', /no host is granted/],
    ['hoard', 'RUNTIME_MEMORY', /exchanges more/],
  ] as const) {
    const { failure } = await plugin.run({ name });
    assert.equal(failure?.code, expected, name);
    assert.match(failure?.message ?? '', message);
    assert.equal(text(await plugin.call('echo', bytes(name))), name);
  }
});

test('R4: a module that catches what its host throws cannot go on as if nothing happened', async (t) => {
  const module = assemblePlugin(
    call('swallow', '(try (do (drop (call $http_request (i64.const 0) (i64.const 0)))) (catch_all))'),
  );
  await assert.rejects((await load(t, module)).call('swallow', EMPTY), code('RUNTIME_NOT_GRANTED'));
});

test('R3: giving up for want of memory is told from other traps', async (t) => {
  const plugin = await load(
    t,
    assemblePlugin(`(memory (export "memory") 1)
      ${call('hoard', '(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable)')}`),
    { memory: 20 * 65_536 },
  );
  const { failure } = await plugin.run({});
  assert.ok(code('RUNTIME_MEMORY')(failure), String(failure));
  assert.match(failure?.message ?? '', /1310720 of 1310720 bytes/);
});

test('R12: a thousand failures of all kinds leak no thread and no descriptor', async (t) => {
  const { readdir } = await import('node:fs/promises');
  const plugin = await load(t, assemblePlugin(`${FAILURES} ${call('loop', LOOP)}`), { timeout: 60_000 });
  const census = async (): Promise<{ descriptors: number; threads: number }> => ({
    descriptors: (await readdir('/proc/self/fd')).length,
    threads: (await readdir('/proc/self/task')).length,
  });
  const kinds = ['unreachable', 'divide', 'outside', 'null', 'throw', 'recurse', 'network', 'hoard', 'echo'];
  const killed = async (): Promise<void> => {
    const controller = new AbortController();
    const running = plugin.call('loop', EMPTY, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await assert.rejects(running, { name: 'AbortError' });
  };
  await killed();
  await plugin.call('echo', EMPTY);
  const before = await census();
  for (let index = 0; index < 1000; index++) {
    if (index % 25 === 0) await killed();
    else await plugin.run({ name: kinds[index % kinds.length] ?? 'echo' });
  }
  await plugin.call('echo', EMPTY);
  const after = await census();
  assert.ok(after.descriptors <= before.descriptors + 8, `${before.descriptors} -> ${after.descriptors} descriptors`);
  assert.ok(after.threads <= before.threads + 2, `${before.threads} -> ${after.threads} threads`);
});

test('R12: a plugin that fills the heap of its thread takes nothing else with it', async (t) => {
  const fields = `(func (export "fill") (result i32)
    (loop $more (drop (call $alloc (i64.const 1))) (br $more)) (i32.const 0)) ${ECHO}`;
  const op = { limits: { wasmHostHeap: 16 * 1024 * 1024, pluginBlocks: 20_000_000 } };
  const plugin = await load(t, assemblePlugin(fields), {}, op);
  const { failure } = await plugin.run({ name: 'fill' });
  assert.ok(code('RUNTIME_MEMORY')(failure), String(failure));
  assert.match(failure?.message ?? '', /heap of its thread/);
  assert.equal(text(await plugin.call('echo', bytes('alive'))), 'alive');
});

test('R12: a thread that is asked for what it cannot do says so; one that is gone is reported as gone', async (t) => {
  const thread = openThread('specimen', 64 * 1024 * 1024);
  t.after(() => thread.end());
  const task = { timeout: 10_000, signal: undefined, onLog: () => {}, onHttp: () => assert.fail() };
  const terms = { logged: false, logBytes: 1, logLineBytes: 1, outputBytes: 1 };
  const call = { type: 'call', name: 'f', input: EMPTY, generation: 0, ...terms } as const;
  await assert.rejects(thread.ask(call, [], task), code('RUNTIME_CRASHED'));
  await thread.end();
  await assert.rejects(thread.ask(call, [], task), code('RUNTIME_CRASHED'));
});

test('calls run side by side on several threads, and never more than the limit', async (t) => {
  const plugin = await load(t, assemblePlugin(ECHO), {}, { limits: { wasmThreads: 2 } });
  const outputs = await Promise.all(Array.from({ length: 200 }, (_, index) => plugin.call('echo', bytes(`${index}`))));
  assert.deepEqual(
    outputs.map(text),
    outputs.map((_, index) => `${index}`),
  );
});

test('disposing ends what runs; later calls are refused', async (t) => {
  const plugin = await load(t, assemblePlugin(call('loop', LOOP)));
  const running = plugin.call('loop', EMPTY);
  running.catch(() => {});
  await plugin[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
  await assert.rejects(running, code('RUNTIME_CLOSED'));
  await assert.rejects(plugin.call('loop', EMPTY), code('RUNTIME_CLOSED'));
});

test('grants that cannot be given are refused', async (t) => {
  const installed = await install(t, 'wasm', assemblePlugin(ECHO));
  for (const grants of [
    { memory: 65_535 },
    { memory: Number.NaN },
    { timeout: -1 },
    { hosts: ['https://example.com'] },
    { hosts: ['*'] },
    { hosts: ['a.*.example'] },
    { env: ['A=B'] },
    { paths: ['relative'] },
    { paths: ['/nonexistent/directory'] },
    { paths: ['rw:/etc/passwd'] },
  ] satisfies Grants[]) {
    await assert.rejects(
      openWasmRuntime().load(installed, grants),
      code('RUNTIME_GRANT_INVALID'),
      JSON.stringify(grants),
    );
  }
});
