import { Installed } from '@gantry/core';
import type { Environment, Op } from '@gantry/oci';
import type { Grants, Plugin, Runtime } from '../plugin.ts';
import { runtimeLimits } from '../runtime-limits.ts';
import { openThread, type WasmThread } from './wasm-thread.ts';

/** What the runtime takes from outside; tests put their own name resolution here. */
export interface WasmRuntimeOptions {
  readonly environment?: Environment;
}

/**
 * Runs WebAssembly modules that follow the Extism ABI (extism.org), with WASI preview 1, in threads of their own.
 * A module is checked before it is compiled, compiled once, and its instances are reused; a call that takes too long
 * ends its thread and nothing else. README.md says what this bounds and what only a process can.
 *
 * `load` throws `RUNTIME_ENTRY_*`, `RUNTIME_MODULE_INVALID`, `RUNTIME_IMPORT_REFUSED`, `RUNTIME_MEMORY`,
 * `RUNTIME_GRANT_INVALID`, and what the start of the module comes to: `RUNTIME_TRAP`, `RUNTIME_TIMEOUT`, …
 */
export function openWasmRuntime(options: WasmRuntimeOptions = {}): Runtime {
  return { load: (plugin, grants, op) => load(plugin, grants, options.environment, op) };
}

async function load(
  plugin: Installed,
  grants: Grants,
  environment: Environment | undefined,
  op: Op | undefined,
): Promise<Plugin> {
  Installed.assert(plugin);
  const start = (): WasmThread => openThread(plugin.facts.name, runtimeLimits(op, 'wasmHostHeap'));
  // A thread takes longer to start than everything else here: the first one does so while the rest is imported and the
  // file is read and hashed.
  const first = start();
  try {
    const { loadModule } = await import('./load-module.ts');
    return await loadModule({ plugin, grants, environment, first, start }, op);
  } catch (error) {
    await first.end();
    throw error;
  }
}
