import { escapeRemote, type GantryError, isGantryError, type Op } from '@gantry/oci';
import { callTimeout, checkInput } from '../grants.ts';
import { openLifetime } from '../lifetime.ts';
import type { Plugin, RunRequest, RunResult } from '../plugin.ts';
import { runtimeError } from '../runtime-errors.ts';
import type { DoneMessage } from './wasm-messages.ts';
import type { CheckedModule } from './wasm-module.ts';
import type { WasmPool } from './wasm-pool.ts';
import { callTerms, threadTask, type WasmTerms } from './wasm-terms.ts';

/** Up to here copying costs less than handing memory over. */
const TRANSFER_BYTES = 16_384;
const NOTHING = new Uint8Array();
const ERROR_LENGTH = 2000;

/** The calls of a loaded module over its pool of threads. */
export function openWasmPlugin(terms: WasmTerms, module: CheckedModule, pool: WasmPool): Plugin {
  const { name } = terms;
  const lifetime = openLifetime(name, () => pool.end());
  let generation = 0;

  const ask = (entry: string, input: Uint8Array, op: Op): Promise<DoneMessage> =>
    pool.use(op, async (thread) => {
      // The caller keeps its bytes, so this copy is the one that may be handed over.
      const copy = new Uint8Array(input);
      const transfer = copy.length > TRANSFER_BYTES ? [copy.buffer] : [];
      const message = { type: 'call', name: entry, input: copy, generation, ...callTerms(op) } as const;
      const answer = await thread.ask(message, transfer, threadTask(terms, callTimeout(terms.grants, op), op));
      if (answer.type !== 'done') throw runtimeError('RUNTIME_CRASHED', `${name} answered out of turn`);
      return answer;
    });

  const call = async (entry: string, input: Uint8Array, op?: Op): Promise<Uint8Array> => {
    checkCall(name, module, entry);
    checkInput(name, input.length, op);
    const done = await lifetime.during(op, (inner) => ask(entry, input, inner));
    const failure = failureOf(name, done);
    if (failure !== undefined) throw failure;
    return done.output;
  };

  const run = async (request: RunRequest, op?: Op): Promise<RunResult> => {
    if (request.args !== undefined && request.args.length > 0) {
      throw runtimeError('RUNTIME_REQUEST_INVALID', `${name} is a Wasm plugin and takes no arguments`);
    }
    const entry = request.name ?? onlyExport(name, module);
    checkCall(name, module, entry);
    const input = request.input ?? NOTHING;
    checkInput(name, input.length, op);
    const started = performance.now();
    return lifetime.during(op, async (inner) => {
      let done: DoneMessage | undefined;
      let failure: GantryError | undefined;
      try {
        done = await ask(entry, input, inner);
        failure = failureOf(name, done);
      } catch (error) {
        if (inner.signal?.aborted || !isGantryError(error)) throw error;
        failure = error;
      }
      const output = done?.output ?? NOTHING;
      if (request.stdout !== undefined && output.length > 0) await request.stdout(output);
      const exitCode = done?.returned ?? failure?.details['exitCode'];
      return {
        output: request.stdout === undefined ? output : NOTHING,
        ...(typeof exitCode === 'number' ? { exitCode } : {}),
        durationMs: performance.now() - started,
        inputBytes: input.length,
        outputBytes: output.length,
        ...(failure === undefined ? {} : { failure }),
      };
    });
  };

  return {
    exports: module.callable,
    call,
    run,
    reset() {
      generation++;
    },
    [Symbol.asyncDispose]: lifetime.dispose,
  };
}

/** A function that returned normally may still say that it failed. */
function failureOf(name: string, { error, returned }: DoneMessage): GantryError | undefined {
  if (error !== undefined)
    return runtimeError('RUNTIME_PLUGIN_ERROR', `${name} reports: ${escapeRemote(error, ERROR_LENGTH)}`);
  if (returned !== 0) return runtimeError('RUNTIME_PLUGIN_ERROR', `${name} returned ${returned}, which is not success`);
  return undefined;
}

function onlyExport(name: string, { callable }: CheckedModule): string {
  const [only, ...more] = callable;
  if (only !== undefined && more.length === 0) return only;
  throw runtimeError('RUNTIME_EXPORT_MISSING', `${name}: name the function to call; ${listed(callable)}`, {
    details: { exports: [...callable] },
  });
}

function checkCall(name: string, { callable }: CheckedModule, entry: string): void {
  if (callable.includes(entry)) return;
  throw runtimeError(
    'RUNTIME_EXPORT_MISSING',
    `${name} has no function ${escapeRemote(entry)} that can be called; ${listed(callable)}`,
    {
      details: { exports: [...callable] },
    },
  );
}

function listed(callable: readonly string[]): string {
  return callable.length === 0 ? 'it exports none' : `it exports ${escapeRemote(callable.join(', '), ERROR_LENGTH)}`;
}
