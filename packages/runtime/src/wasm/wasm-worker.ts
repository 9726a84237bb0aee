/**
 * The thread around instances of one module. It answers one message at a time; while a module runs it hears nothing,
 * and ending the thread is the only way to stop it.
 */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { ExitRequest, Fault } from './fault.ts';
import type { WasiHost } from './wasi-host.ts';
import { type InstanceOutlets, openInstance, type PluginInstance } from './wasm-instance.ts';
import type { FailedMessage, FromThread, HttpReply, LoadMessage, ToThread } from './wasm-messages.ts';
import { type WasmModule, webAssembly } from './web-assembly.ts';

interface Loaded {
  readonly module: WasmModule;
  readonly message: LoadMessage;
  readonly outlets: InstanceOutlets;
}

const parent = parentPort;
let loaded: Loaded | undefined;
let instance: PluginInstance | undefined;
let generation = 0;

parent?.on('message', async (message: ToThread) => {
  try {
    if (message.type === 'load') {
      const module = message.module instanceof Uint8Array ? new webAssembly.Module(message.module) : message.module;
      loaded = { module, message, outlets: await outletsOf(message) };
      instance = openInstance(module, message, loaded.outlets);
      tell({ type: 'loaded', module: message.module instanceof Uint8Array ? module : undefined });
      return;
    }
    if (loaded === undefined) throw new Fault('RUNTIME_CRASHED', 'was called before it was loaded');
    if (message.generation !== generation) instance = undefined;
    generation = message.generation;
    instance ??= openInstance(loaded.module, { ...loaded.message, call: message }, loaded.outlets);
    const outcome = instance.call(message.name, message.input, message);
    parent.postMessage({ type: 'done', ...outcome } satisfies FromThread, [outcome.output.buffer]);
  } catch (error) {
    // What threw may have left memory half changed.
    instance = undefined;
    tell(failureOf(error));
  }
});

function tell(message: FromThread): void {
  parent?.postMessage(message);
}

async function outletsOf(load: LoadMessage): Promise<InstanceOutlets> {
  const { http } = load;
  return {
    wasi: load.wasi ? await wasiOf(load) : undefined,
    log: (level, message) => tell({ type: 'log', level, message }),
    http:
      http === undefined
        ? undefined
        : (request) => {
            const flag = new Int32Array(http.flag);
            tell({ type: 'http', request });
            Atomics.wait(flag, 0, 0);
            Atomics.store(flag, 0, 0);
            const reply: HttpReply = receiveMessageOnPort(http.port)?.message;
            if ('answer' in reply) return reply.answer;
            throw new Fault(reply.code, reply.message);
          },
  };
}

/** WASI is imported by the modules that use it, and `node:wasi` for those that have directories. */
async function wasiOf({ environment, directories, call }: LoadMessage): Promise<NonNullable<InstanceOutlets['wasi']>> {
  const { openWasiHost } = await import('./wasi-host.ts');
  const base = (log: InstanceOutlets['log']): WasiHost =>
    openWasiHost({ environment, log, lineBytes: call.logLineBytes });
  if (directories.length === 0) return base;
  const { openDirectories } = await import('./wasi-directories.ts');
  const add = await openDirectories(directories);
  return (log) => add(base(log));
}

function failureOf(error: unknown): FailedMessage {
  const failed = (code: Fault['code'], message: string): FailedMessage => ({ type: 'failed', code, message });
  if (error instanceof Fault) return failed(error.code, error.message);
  if (error instanceof ExitRequest) {
    return { ...failed('RUNTIME_EXIT', `ended itself with exit code ${error.exitCode}`), exitCode: error.exitCode };
  }
  const text = error instanceof Error ? error.message : 'an exception of its own';
  if (error instanceof webAssembly.CompileError) return failed('RUNTIME_MODULE_INVALID', `is not valid: ${text}`);
  if (error instanceof webAssembly.LinkError) return failed('RUNTIME_IMPORT_REFUSED', `does not fit its host: ${text}`);
  if (error instanceof RangeError && text.includes('memory')) return failed('RUNTIME_MEMORY', text);
  return failed('RUNTIME_TRAP', `trapped: ${text}`);
}
