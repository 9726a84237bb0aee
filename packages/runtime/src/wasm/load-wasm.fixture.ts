import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isGantryError, type Op } from '@gantry/oci';
import { install } from '../installed.fixture.ts';
import type { Grants, Plugin } from '../plugin.ts';
import { openWasmRuntime } from './wasm-runtime.ts';

/** No bytes. */
export const EMPTY: Uint8Array = new Uint8Array();

/** Bytes as text. */
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Text as bytes. */
export const bytes = (value: string): Uint8Array => Buffer.from(value);

/** Whether an error has this code. */
export const code =
  (expected: string) =>
  (error: unknown): boolean =>
    isGantryError(error) && error.code === expected;

/** Installs and loads a module; it is disposed after the test. */
export async function load(t: TestContext, module: Uint8Array, grants: Grants = {}, op?: Op): Promise<Plugin> {
  const plugin = await openWasmRuntime().load(await install(t, 'wasm', module), grants, op);
  t.after(() => plugin[Symbol.asyncDispose]());
  return plugin;
}

/** Asserts that a module is refused with this code when it is loaded. */
export async function refuses(
  t: TestContext,
  module: Uint8Array,
  expected: string,
  op?: Op,
  grants: Grants = {},
): Promise<void> {
  const installed = await install(t, 'wasm', module);
  await assert.rejects(openWasmRuntime().load(installed, grants, op), code(expected));
}

/** A function of a module that does `body` and succeeds. */
export const call = (name: string, body: string): string =>
  `(func (export "${name}") (result i32) ${body} (i32.const 0))`;

/** Never ends. */
export const LOOP = '(loop $forever (br $forever))';

/** `$answer` puts an i64 into the output. */
export const OUTPUT_I64: string = `
  (func $answer (param $value i64) (local $at i64)
    (local.set $at (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $at) (local.get $value))
    (call $output_set (local.get $at) (i64.const 8)))`;

/** That output as a number. */
export const number = (output: Uint8Array): bigint => Buffer.from(output).readBigInt64LE();
