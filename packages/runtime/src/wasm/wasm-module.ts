import type { Installed } from '@gantry/core';
import { escapeRemote, type Op } from '@gantry/oci';
import { openEntry } from '../entry-file.ts';
import { runtimeError } from '../runtime-errors.ts';
import { runtimeLimits } from '../runtime-limits.ts';
import { MalformedModule } from './byte-reader.ts';
import { callableExports, refusedImports, usesWasi } from './wasm-abi.ts';
import { readModule, type WasmFacts } from './wasm-binary.ts';
import { clampModule, TooMuchMemory, type WasmAllowance } from './wasm-clamp.ts';

/** A module that may be compiled: read, hashed, looked through and held to its memory. */
export interface CheckedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly wasi: boolean;
  /** Exports that take part in the ABI, sorted. */
  readonly callable: readonly string[];
}

/**
 * SAFETY R8: everything that can be refused is refused before the engine sees a byte: size, digest, header, sections,
 * imports, memory, tables. Throws `RUNTIME_ENTRY_*`, `RUNTIME_MODULE_INVALID`, `RUNTIME_IMPORT_REFUSED` and
 * `RUNTIME_MEMORY`.
 */
export async function readCheckedModule(plugin: Installed, memoryPages: number, op?: Op): Promise<CheckedModule> {
  const { name } = plugin.facts;
  await using entry = await openEntry(plugin);
  const limit = runtimeLimits(op, 'wasmBytes');
  if (entry.size > limit) {
    throw runtimeError('RUNTIME_MODULE_INVALID', `${name} has ${entry.size} bytes, accepted are ${limit}`, {
      hint: 'raise the wasmBytes limit if the module is genuine',
    });
  }
  const bytes = new Uint8Array(entry.size);
  await entry.verify((chunk, position) => {
    // A file that grew since it was opened has another digest, whatever is kept of it.
    bytes.set(chunk.subarray(0, Math.max(bytes.length - position, 0)), Math.min(position, bytes.length));
  }, op);
  const allowance = { memoryPages, tableElements: runtimeLimits(op, 'wasmTableElements') };
  return checkModule(name, bytes, allowance, runtimeLimits(op, 'wasmEntries'));
}

function checkModule(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  allowance: WasmAllowance,
  entries: number,
): CheckedModule {
  try {
    const facts = readModule(bytes, entries);
    checkImports(name, facts);
    return {
      bytes: clampModule(bytes, facts, allowance),
      wasi: usesWasi(facts),
      callable: callableExports(facts),
    };
  } catch (error) {
    if (error instanceof TooMuchMemory) throw runtimeError('RUNTIME_MEMORY', `${name} ${error.message}`);
    if (!(error instanceof MalformedModule)) throw error;
    throw runtimeError('RUNTIME_MODULE_INVALID', `${name} cannot be run: ${error.message}`, { cause: error });
  }
}

function checkImports(name: string, facts: WasmFacts): void {
  const refused = refusedImports(facts);
  if (refused.length === 0) return;
  const shown = refused.slice(0, 5).map(({ module, name: field, kind }) => `${module} ${field} (${kind})`);
  throw runtimeError(
    'RUNTIME_IMPORT_REFUSED',
    `${name} imports what no plugin gets: ${escapeRemote(shown.join(', '), 1000)}${refused.length > 5 ? ', …' : ''}`,
    { details: { refused: refused.length } },
  );
}
