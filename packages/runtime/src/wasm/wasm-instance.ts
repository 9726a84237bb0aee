import { openExtismHost } from './extism-host.ts';
import { ExitRequest, Fault } from './fault.ts';
import type { WasiHost } from './wasi-host.ts';
import { EXTISM, WASI } from './wasm-abi.ts';
import { PAGE_BYTES } from './wasm-clamp.ts';
import type { CallTerms, HttpAnswer, HttpRequest, LoadMessage, LogLevel } from './wasm-messages.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/** What a call left behind. */
export interface CallOutcome {
  readonly output: Uint8Array<ArrayBuffer>;
  readonly returned: number;
  readonly error: string | undefined;
}

/** One instance of a module with a host of its own: memory, variables and exchange belong to it alone. */
export interface PluginInstance {
  /** Calls an export. Throws what the module or its host threw; the instance must not be used after that. */
  call(name: string, input: Uint8Array, terms: CallTerms): CallOutcome;
}

/** The ways out of the thread. */
export interface InstanceOutlets {
  readonly log: (level: LogLevel, message: string) => void;
  readonly http: ((request: HttpRequest) => HttpAnswer) | undefined;
  /** Makes a WASI host for an instance, when the module uses WASI. */
  readonly wasi: ((log: InstanceOutlets['log']) => WasiHost) | undefined;
}

/**
 * Instantiates a module and runs what prepares it, as the Extism SDKs do: the start function, `_initialize` of a
 * reactor, `hs_init` of Haskell, `_start` only without WASI. Throws what they throw.
 */
export function openInstance(module: WasmModule, load: LoadMessage, outlets: InstanceOutlets): PluginInstance {
  let terms = load.call;
  let logged = 0;
  const log = (level: LogLevel, text: string): void => {
    logged += text.length + 1;
    if (logged > terms.logBytes) throw new Fault('RUNTIME_LOG_LIMIT', `logs more than ${terms.logBytes} bytes`);
    if (terms.logged) outlets.log(level, text);
  };
  const host = openExtismHost({
    config: load.config,
    varBytes: load.varBytes,
    exchange: load.exchange,
    log,
    logged: () => terms.logged,
    http: outlets.http,
    outputBytes: () => terms.outputBytes,
  });
  const wasi = outlets.wasi?.(log);

  const run = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw host.fault ?? error;
    }
  };
  host.begin(new Uint8Array());
  const { exports } = run(
    () => new webAssembly.Instance(module, { [EXTISM]: host.functions, [WASI]: wasi?.functions ?? {} }),
  );
  const memory = exports['memory'] as WasmMemory | undefined;
  if (memory !== undefined) wasi?.attach(memory);
  run(() => prepare(exports, load.wasi));

  return {
    call(name, input, callTerms) {
      terms = callTerms;
      logged = 0;
      host.begin(input);
      const returned = run(() => callExport(exports[name], memory, load.memoryPages));
      if (host.fault !== undefined) throw host.fault;
      run(() => wasi?.flush());
      return { ...host.end(), returned };
    },
  };
}

function prepare(exports: Readonly<Record<string, unknown>>, wasi: boolean): void {
  const callIfThere = (name: string): boolean => {
    const call = exports[name];
    if (typeof call !== 'function') return false;
    try {
      call();
    } catch (error) {
      // Leaving through proc_exit(0) is how a start function may end.
      if (!(error instanceof ExitRequest) || error.exitCode !== 0) throw error;
    }
    return true;
  };
  const initialized = callIfThere('_initialize');
  if (callIfThere('hs_init') || initialized) return;
  if (!wasi) callIfThere('_start');
}

function callExport(call: unknown, memory: WasmMemory | undefined, memoryPages: number): number {
  if (typeof call !== 'function') throw new Fault('RUNTIME_EXPORT_MISSING', 'does not export this function');
  try {
    return Number(call() ?? 0);
  } catch (error) {
    if (error instanceof ExitRequest && error.exitCode === 0) return 0;
    // What allocators do when they get no more memory. They ask for a multiple of what they have, or little.
    const used = memory?.buffer.byteLength ?? 0;
    const limit = memoryPages * PAGE_BYTES;
    if (error instanceof webAssembly.RuntimeError && error.message === 'unreachable' && used * 2 > limit) {
      throw new Fault('RUNTIME_MEMORY', `gave up with ${used} of ${limit} bytes of memory in use`);
    }
    throw error;
  }
}
