import loadWabt from 'wabt';

const wabt = await loadWabt();

/** Assembles WebAssembly text; `check: false` lets through what is not valid. */
export function assemble(text: string, options: { readonly check?: boolean } = {}): Uint8Array<ArrayBuffer> {
  const features = { exceptions: true, memory64: true, multi_memory: true, threads: true, tail_call: true };
  const module = wabt.parseWat('plugin.wat', text, features);
  try {
    module.resolveNames();
    if (options.check !== false) module.validate();
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** Host functions of the Extism ABI with their types, for the head of a module. */
export const EXTISM_IMPORTS: string = Object.entries({
  alloc: '(param i64) (result i64)',
  config_get: '(param i64) (result i64)',
  error_set: '(param i64)',
  free: '(param i64)',
  http_request: '(param i64 i64) (result i64)',
  http_status_code: '(result i32)',
  input_length: '(result i64)',
  input_load_u64: '(param i64) (result i64)',
  input_load_u8: '(param i64) (result i32)',
  input_offset: '(result i64)',
  length: '(param i64) (result i64)',
  load_u64: '(param i64) (result i64)',
  load_u8: '(param i64) (result i32)',
  log_info: '(param i64)',
  output_set: '(param i64 i64)',
  store_u64: '(param i64 i64)',
  store_u8: '(param i64 i32)',
  var_get: '(param i64) (result i64)',
  var_set: '(param i64 i64)',
})
  .map(([name, type]) => `(import "extism:host/env" "${name}" (func $${name} ${type}))`)
  .join('\n');

/** A plugin with all those imports and the given fields. */
export function assemblePlugin(fields: string): Uint8Array<ArrayBuffer> {
  return assemble(`(module ${EXTISM_IMPORTS} ${fields})`);
}

/** A function that sets its input as its output without copying it. */
export const ECHO =
  '(func (export "echo") (result i32) (call $output_set (call $input_offset) (call $input_length)) (i32.const 0))';
