import { availableParallelism } from 'node:os';
import type { TransferListItem } from 'node:worker_threads';
import type { Installed } from '@gantry/core';
import { type Environment, type Op, systemEnvironment } from '@gantry/oci';
import { callTimeout, grantedVariables } from '../grants.ts';
import type { Grants, Plugin } from '../plugin.ts';
import { runtimeLimits } from '../runtime-limits.ts';
import { grantedDirectories } from './granted-directories.ts';
import { openHostGrant } from './host-grant.ts';
import type { LoadMessage } from './wasm-messages.ts';
import { readCheckedModule } from './wasm-module.ts';
import { openWasmPlugin } from './wasm-plugin.ts';
import { openPool } from './wasm-pool.ts';
import { callTerms, grantedPages, threadTask, type WasmTerms } from './wasm-terms.ts';
import type { WasmThread } from './wasm-thread.ts';
import type { WasmModule } from './web-assembly.ts';

/** What a plugin is loaded from. */
export interface ModuleSource {
  readonly plugin: Installed;
  readonly grants: Grants;
  readonly environment: Environment | undefined;
  /** A thread that is starting; the caller ends it when loading fails. */
  readonly first: WasmThread;
  /** Starts another. */
  readonly start: () => WasmThread;
}

/** Checks the grants and the module, has the first thread compile and prepare it, and opens the pool. */
export async function loadModule(source: ModuleSource, op: Op | undefined): Promise<Plugin> {
  const { plugin, grants, environment = systemEnvironment(), first, start } = source;
  const { name } = plugin.facts;
  const terms: WasmTerms = { name, grants, hosts: openHostGrant(name, grants.hosts ?? []), environment };
  const memoryPages = grantedPages(name, grants, op);
  // Refused now rather than at the first call.
  callTimeout(grants, op);
  const variables = grantedVariables(grants.env, environment.env);
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
    const answer = await thread.ask(sent, transfer, threadTask(terms, runtimeLimits(op, 'wasmLoadTime'), op));
    return answer.type === 'loaded' ? answer.module : undefined;
  } catch (error) {
    await thread.end();
    throw error;
  }
}
