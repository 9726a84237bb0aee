import { availableParallelism } from 'node:os';
import type { TransferListItem } from 'node:worker_threads';
import { Installed } from '@gantry/core';
import { type Environment, type Op, systemEnvironment } from '@gantry/oci';
import { grantedVariables } from '../grants.ts';
import type { Grants, Plugin, Runtime } from '../plugin.ts';
import { runtimeLimits } from '../runtime-limits.ts';
import { grantedDirectories } from './granted-directories.ts';
import { openHostGrant } from './host-grant.ts';
import type { LoadMessage } from './wasm-messages.ts';
import { readCheckedModule } from './wasm-module.ts';
import { openWasmPlugin } from './wasm-plugin.ts';
import { openPool } from './wasm-pool.ts';
import { callTerms, grantedPages, threadTask, type WasmTerms } from './wasm-terms.ts';
import { openThread, type WasmThread } from './wasm-thread.ts';
import type { WasmModule } from './web-assembly.ts';

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
  const environment = options.environment ?? systemEnvironment();
  return { load: (plugin, grants, op) => load(plugin, grants, environment, op) };
}

async function load(plugin: Installed, grants: Grants, environment: Environment, op?: Op): Promise<Plugin> {
  Installed.assert(plugin);
  const { name } = plugin.facts;
  const terms: WasmTerms = { name, grants, hosts: openHostGrant(name, grants.hosts ?? []), environment };
  const memoryPages = grantedPages(name, grants, op);
  const variables = grantedVariables(grants.env, environment.env);
  const start = (): WasmThread => openThread(name, runtimeLimits(op, 'wasmHostHeap'));

  // The first thread starts while the file is read and hashed.
  const first = start();
  try {
    const [module, directories] = await Promise.all([
      readCheckedModule(plugin, memoryPages, op),
      grantedDirectories(name, grants.paths),
    ]);
    const message: LoadMessage = {
      type: 'load',
      module: module.bytes,
      wasi: module.wasi,
      config: grants.config ?? {},
      environment: variables,
      directories,
      varBytes: runtimeLimits(op, 'pluginVarBytes'),
      exchange: { pages: memoryPages, blocks: runtimeLimits(op, 'pluginBlocks') },
      memoryPages,
      http: undefined,
      call: callTerms(op),
    };
    const compiled = await prepare(first, message, terms, op);
    const size = Math.min(runtimeLimits(op, 'wasmThreads'), availableParallelism());
    const pool = openPool(first, size, async (callOp) => {
      const thread = start();
      await prepare(thread, { ...message, module: compiled ?? module.bytes }, terms, callOp);
      return thread;
    });
    return openWasmPlugin(terms, module, pool);
  } catch (error) {
    await first.end();
    throw error;
  }
}

/** Gives a thread its module; ends it on failure. The module comes back compiled from the thread that compiled it. */
async function prepare(
  thread: WasmThread,
  message: LoadMessage,
  terms: WasmTerms,
  op: Op | undefined,
): Promise<WasmModule | undefined> {
  const granted = (terms.grants.hosts ?? []).length > 0;
  const transfer: TransferListItem[] = granted ? [thread.http.port] : [];
  if (message.module instanceof Uint8Array) transfer.push(message.module.buffer);
  try {
    const sent = granted ? { ...message, http: thread.http } : message;
    const answer = await thread.ask(sent, transfer, threadTask(terms, op));
    return answer.type === 'loaded' ? answer.module : undefined;
  } catch (error) {
    await thread.end();
    throw error;
  }
}
