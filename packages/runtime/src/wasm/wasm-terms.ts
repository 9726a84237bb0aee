import type { Environment, Op } from '@gantry/oci';
import { openLog, type PluginLog } from '../log-lines.ts';
import type { Grants } from '../plugin.ts';
import { runtimeError } from '../runtime-errors.ts';
import { runtimeLimits } from '../runtime-limits.ts';
import { Fault } from './fault.ts';
import type { HostGrant } from './host-grant.ts';
import { MOST_PAGES, PAGE_BYTES } from './wasm-clamp.ts';
import type { CallTerms, HttpReply } from './wasm-messages.ts';
import type { ThreadTask } from './wasm-thread.ts';

/** What is the same for every thread and call of one loaded plugin. */
export interface WasmTerms {
  readonly name: string;
  readonly grants: Grants;
  readonly hosts: HostGrant;
  readonly environment: Environment;
}

/** Pages of memory that a plugin is granted; throws `RUNTIME_GRANT_INVALID` for less than one. */
export function grantedPages(name: string, grants: Grants, op: Op | undefined): number {
  const memory = grants.memory ?? runtimeLimits(op, 'pluginMemory');
  const pages = Math.min(Math.floor(memory / PAGE_BYTES), MOST_PAGES);
  if (pages >= 1) return pages;
  throw runtimeError(
    'RUNTIME_GRANT_INVALID',
    `${name}: grants.memory is ${memory}, expected at least ${PAGE_BYTES} bytes`,
  );
}

/** The limits of one call that the thread itself keeps. */
export function callTerms(op: Op | undefined): CallTerms {
  return {
    logged: op?.onEvent !== undefined,
    logBytes: runtimeLimits(op, 'pluginLogBytes'),
    logLineBytes: runtimeLimits(op, 'pluginLogLineBytes'),
    outputBytes: runtimeLimits(op, 'pluginOutputBytes'),
  };
}

/** The limits of one call that this side keeps, and its log and requests. */
export function threadTask(terms: WasmTerms, timeout: number, op: Op | undefined): ThreadTask {
  let log: PluginLog | undefined;
  return {
    timeout,
    signal: op?.signal,
    onLog(level, message) {
      log ??= openLog(terms.name, op);
      log.message(level, message);
    },
    async onHttp(request, signal): Promise<HttpReply> {
      try {
        // HTTP is a large part of Node to load, and few plugins use it.
        const { sendForPlugin } = await import('./plugin-http.ts');
        return { answer: await sendForPlugin(request, terms.hosts, terms.environment, signal, op) };
      } catch (error) {
        if (error instanceof Fault) return { code: error.code, message: error.message };
        return { code: 'RUNTIME_HTTP', message: 'could not send an HTTP request' };
      }
    },
  };
}
