import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assemble } from '../wat.fixture.ts';
import { MalformedModule } from './byte-reader.ts';
import { readModule } from './wasm-binary.ts';
import { clampModule } from './wasm-clamp.ts';

const MODULE = assemble(`(module
  (type (func (param i32 i64) (result f32 f64)))
  (import "a" "f" (func (type 0)))
  (import "a" "t" (table 1 2 funcref))
  (import "a" "g" (global i64))
  (import "a" "m" (memory 1))
  (import "b" "e" (tag))
  (table $own 3 externref)
  (global (mut i32) (i32.const 1))
  (tag $raised (param i32))
  (func $run (export "run") (result i32) (i32.const 0))
  (export "again" (func 0))
  (export "t" (table $own))
  (start $start) (func $start)
  (elem (i32.const 0) $run)
  (data (i32.const 0) "x"))`);

test('imports, exports with their types, tables and memories are read from the bytes', () => {
  const facts = readModule(MODULE, 1000);
  assert.deepEqual(
    facts.imports.map(({ module, name, kind }) => `${module}.${name} ${kind}`),
    ['a.f function', 'a.t table', 'a.g global', 'a.m memory', 'b.e tag'],
  );
  assert.deepEqual(
    facts.exports.map(({ name, kind, signature }) => [name, kind, signature]),
    [
      ['run', 'function', { parameters: [], results: [0x7f] }],
      ['again', 'function', { parameters: [0x7f, 0x7e], results: [0x7d, 0x7c] }],
      ['t', 'table', undefined],
    ],
  );
  assert.deepEqual([facts.tables.length, facts.tables[0]?.minimum, facts.memories.length], [1, 3, 0]);
});

test('types of WebAssembly 3.0 are passed over', () => {
  // (rec (struct (field i32) (field (mut (ref null 0)))) (array i8)) (sub (func)) and an export of that function.
  const types = [3, 0x4e, 2, 0x5f, 2, 0x7f, 0, 0x63, 0, 1, 0x5e, 0x78, 0, 0x50, 0, 0x60, 0, 0, 0x60, 1, 0x64, 0x70, 0];
  const sections = [1, types.length, ...types, 3, 2, 1, 2, 7, 5, 1, 1, 0x66, 0, 0];
  const facts = readModule(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections]), 1000);
  assert.deepEqual(facts.exports[0]?.signature, { parameters: [], results: [] });
});

test('R8: a module that is cut or changed at any byte is read, or refused with a reason; nothing else happens', () => {
  const attempt = (bytes: Uint8Array<ArrayBuffer>): void => {
    try {
      clampModule(bytes, readModule(bytes, 1000), { memoryPages: 2 ** 16, tableElements: 2 ** 33 });
    } catch (error) {
      assert.ok(error instanceof MalformedModule, String(error));
    }
  };
  for (let length = 0; length < MODULE.length; length++) attempt(MODULE.slice(0, length));
  for (let at = 8; at < MODULE.length; at++) {
    for (const value of [0, 1, 0x40, 0x7f, 0x80, 0xff]) {
      const changed = MODULE.slice();
      changed[at] = value;
      attempt(changed);
    }
  }
});

test('R8: the entries of a section have a limit', () => {
  const bytes = assemble('(module (func) (func) (func) (func (export "f")))');
  for (const entries of [4, 5]) readModule(bytes, entries);
  assert.throws(() => readModule(bytes, 3), /section 3 has more than 3 entries/);
});

test('R8: counts that the bytes cannot hold are refused before anything is allocated for them', () => {
  for (const id of [1, 2, 3, 4, 5, 7]) {
    const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, id, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert.throws(() => readModule(bytes, 1000), MalformedModule);
  }
});

test('R3: the clamp changes only the limits that are too high', () => {
  const clamp = (text: string, memoryPages = 10, tableElements = 100): string => {
    const bytes = assemble(text);
    const clamped = clampModule(bytes, readModule(bytes, 1000), { memoryPages, tableElements });
    return clamped === bytes ? 'unchanged' : Buffer.from(clamped).toString('hex');
  };
  const hex = (text: string): string => Buffer.from(assemble(text)).toString('hex');
  for (const [text, expected] of [
    ['(module)', 'unchanged'],
    ['(module (memory 1 10))', 'unchanged'],
    ['(module (memory 1))', hex('(module (memory 1 10))')],
    ['(module (memory 1 11))', hex('(module (memory 1 10))')],
    ['(module (memory 1 65536) (data (i32.const 0) "x"))', hex('(module (memory 1 10) (data (i32.const 0) "x"))')],
    ['(module (table 10 100 funcref))', 'unchanged'],
    ['(module (table 10 funcref))', hex('(module (table 10 100 funcref))')],
    ['(module (table 10 101 funcref) (memory 2))', hex('(module (table 10 100 funcref) (memory 2 10))')],
    ['(module (table 10 funcref) (table 20 externref))', hex('(module (table 10 45 funcref) (table 20 55 externref))')],
  ] as const) {
    assert.equal(clamp(text), expected, text);
  }
  assert.equal(clamp('(module (memory 200))', 300), hex('(module (memory 200 300))'));
});
