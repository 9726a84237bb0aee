import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { test } from 'node:test';
import { install } from '../installed.fixture.ts';
import type { Grants } from '../plugin.ts';
import { assemble, assemblePlugin, ECHO } from '../wat.fixture.ts';
import { bytes, code, load, refuses } from './load-wasm.fixture.ts';
import { openWasmRuntime } from './wasm-runtime.ts';

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
  await refuses(t, module, 'RUNTIME_TIMEOUT', { limits: { wasmLoadTime: 1 } });
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
