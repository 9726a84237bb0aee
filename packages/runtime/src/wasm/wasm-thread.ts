import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, type TransferListItem, Worker } from 'node:worker_threads';
import { escapeRemote, type GantryError } from '@gantry/oci';
import { type RuntimeErrorCode, runtimeError } from '../runtime-errors.ts';
import type { FailedMessage, FromThread, HttpReply, HttpRequest, LogLevel, ToThread } from './wasm-messages.ts';

const MiB = 1024 * 1024;
const MESSAGE_LENGTH = 2000;
/** Stack for calls of the module, far below the stack of the system's thread, so that an overflow is an exception. */
const STACK_MB = 4;

/** An answer that is no failure. */
export type ThreadAnswer = Extract<FromThread, { type: 'loaded' | 'done' }>;

/** What one exchange with a thread may take and where its side effects go. */
export interface ThreadTask {
  /** Milliseconds until the thread is ended. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly onLog: (level: LogLevel, message: string) => void;
  /** Answers an HTTP request; the signal aborts when nobody waits any more. */
  readonly onHttp: (request: HttpRequest, signal: AbortSignal) => Promise<HttpReply>;
}

/** One thread. It does one thing at a time, and keeps the process alive only meanwhile. */
export interface WasmThread {
  /** False once it was ended, for whatever reason; it must then be replaced. */
  readonly alive: boolean;
  /** The thread's end of its HTTP channel, to be transferred with the load message. */
  readonly http: { readonly port: MessagePort; readonly flag: SharedArrayBuffer };
  /**
   * Sends a message and waits for its answer. Rejects with a `RUNTIME_*` error, or with the signal's reason; a timeout
   * and an abort end the thread.
   */
  ask(message: ToThread, transfer: readonly TransferListItem[], task: ThreadTask): Promise<ThreadAnswer>;
  end(): Promise<void>;
}

interface Pending {
  readonly task: ThreadTask;
  readonly settle: (error: unknown, answer?: ThreadAnswer) => void;
  /** Aborts when the thread has answered or is ended; there once the plugin has sent a request. */
  over: AbortController | undefined;
}

/** A failure that the plugin's thread reported, with the exit code of `proc_exit` in `details` where there is one. */
function failureError(name: string, { code, message, exitCode }: FailedMessage): GantryError {
  const details = exitCode === undefined ? {} : { exitCode };
  return runtimeError(code, `${name} ${escapeRemote(message, MESSAGE_LENGTH)}`, { details });
}

/** Starts a thread for the plugin called `name`; `heapBytes` bounds the JavaScript around the module, not its memory. */
export function openThread(name: string, heapBytes: number): WasmThread {
  // Compiled or not, the file has the extension of this one.
  const file = new URL(`./wasm-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const worker = new Worker(file, {
    name: `gantry ${name}`,
    env: {},
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: Math.max(Math.ceil(heapBytes / MiB), 1), stackSizeMb: STACK_MB },
  });
  worker.unref();

  let alive = true;
  let pending: Pending | undefined;
  let ended: Promise<void> | undefined;

  const { port1: replies, port2: port } = new MessageChannel();
  const flag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const answerHttp = (request: HttpRequest): void => {
    const asked = pending;
    if (asked === undefined) return;
    // Made only now: aborting one costs more than a short call.
    asked.over ??= new AbortController();
    asked.task.onHttp(request, asked.over.signal).then((reply) => {
      if (pending !== asked) return;
      replies.postMessage(reply);
      Atomics.store(new Int32Array(flag), 0, 1);
      Atomics.notify(new Int32Array(flag), 0);
    });
  };
  const end = (): Promise<void> => {
    alive = false;
    replies.close();
    ended ??= worker.terminate().then(() => {});
    return ended;
  };
  const fail = (code: RuntimeErrorCode, problem: string, cause?: unknown): void => {
    void end();
    pending?.settle(runtimeError(code, `${name} ${problem}`, { cause }));
  };

  worker.on('message', (message: FromThread) => {
    if (message.type === 'log') pending?.task.onLog(message.level, message.message);
    else if (message.type === 'http') answerHttp(message.request);
    else if (message.type === 'failed') pending?.settle(failureError(name, message));
    else pending?.settle(undefined, message);
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') fail('RUNTIME_MEMORY', 'filled the heap of its thread', error);
    else fail('RUNTIME_CRASHED', 'brought its thread down', error);
  });
  worker.on('exit', () => fail('RUNTIME_CRASHED', 'lost its thread'));

  return {
    get alive() {
      return alive;
    },
    http: { port, flag },
    end,
    ask(message, transfer, task) {
      return new Promise((resolve, reject) => {
        if (!alive) {
          reject(runtimeError('RUNTIME_CRASHED', `${name} lost its thread`));
          return;
        }
        if (task.signal?.aborted) {
          reject(task.signal.reason);
          return;
        }
        const onAbort = (): void => {
          void end();
          pending?.settle(task.signal?.reason);
        };
        const deadline = setTimeout(
          () => fail('RUNTIME_TIMEOUT', `did not answer within ${task.timeout} ms and was ended`),
          task.timeout,
        );
        pending = {
          task,
          over: undefined,
          settle(error, answer) {
            const over = pending?.over;
            pending = undefined;
            clearTimeout(deadline);
            over?.abort();
            task.signal?.removeEventListener('abort', onAbort);
            // A thread that is being ended keeps the process until it is gone: somebody waits for that.
            if (alive) worker.unref();
            if (answer === undefined) reject(error);
            else resolve(answer);
          },
        };
        task.signal?.addEventListener('abort', onAbort, { once: true });
        worker.ref();
        worker.postMessage(message, transfer);
      });
    },
  };
}
