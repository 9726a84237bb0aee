import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { assemble, assemblePlugin, ECHO } from '../wat.fixture.ts';
import { bytes, call, code, EMPTY, LOOP, load, refuses, text } from './load-wasm.fixture.ts';
import { openThread } from './wasm-thread.ts';

test('R2: an endless loop is ended at its deadline while the host goes on, and the next call works', async (t) => {
  const plugin = await load(t, assemblePlugin(`${call('loop', LOOP)} ${ECHO}`));
  let turns = 0;
  const interval = setInterval(() => turns++, 5);
  const result = await plugin.run({ name: 'loop' }, { limits: { pluginTimeout: 200 } });
  clearInterval(interval);
  assert.ok(code('RUNTIME_TIMEOUT')(result.failure));
  assert.ok(turns > 3, `the event loop turned ${turns} times`);
  assert.equal(text(await plugin.call('echo', bytes('alive'))), 'alive');
});

test('R2: an endless start function and an endless _initialize are ended while loading', async (t) => {
  const op = { limits: { wasmLoadTime: 200 } };
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

test('R12: a thousand failures of all kinds leak no thread and no descriptor', async (t) => {
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

test('disposing ends what runs; later calls are refused', async (t) => {
  const plugin = await load(t, assemblePlugin(call('loop', LOOP)));
  const running = plugin.call('loop', EMPTY);
  running.catch(() => {});
  await plugin[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
  await assert.rejects(running, code('RUNTIME_CLOSED'));
  await assert.rejects(plugin.call('loop', EMPTY), code('RUNTIME_CLOSED'));
});
