import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Op } from '@gantry/oci';
import { assemble, assemblePlugin, ECHO } from '../wat.fixture.ts';
import { bytes, call, code, EMPTY, load, number, OUTPUT_I64, refuses } from './load-wasm.fixture.ts';

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
