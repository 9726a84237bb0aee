import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { LayerAnswer, LayerOrder, LayerTask } from './layer-messages.ts';

/** How long a thread waits for another layer. Milliseconds. */
const IDLE = 500;

/** What a thread tells whoever took it. */
export interface LayerThreadEvents {
  message(answer: LayerAnswer): void;
  /** It ended by itself, which it should not. */
  ended(error: Error): void;
}

/** A thread that was taken for one layer. */
export interface LayerThread {
  start(task: LayerTask): void;
  /** Says how many bytes of the layer can be read now. */
  grown(available: number): void;
  /** Gives it back when it is done: starting a thread costs as much as extracting a small layer. */
  release(): void;
  /** Ends it, whatever it does; resolves when it is gone. */
  terminate(): Promise<void>;
}

interface Idle {
  readonly worker: Worker;
  /** Takes it off the list. */
  readonly forget: () => void;
}

const idle: Idle[] = [];
let layers = 0;

/** Takes a thread that waits, or starts one. A thread that waits keeps no process alive, and goes when nobody wants it. */
export function takeLayerThread(events: LayerThreadEvents): LayerThread {
  const worker = waitingThread() ?? newThread();
  layers += 1;
  const layer = layers;
  let taken = true;
  const order = (message: LayerOrder): void => {
    if (taken) worker.postMessage(message);
  };
  const exited = (code: number): void => events.ended(new Error(`the extraction thread ended with ${code}`));
  worker.on('message', events.message);
  worker.on('error', events.ended);
  worker.on('exit', exited);
  return {
    start: (task) => order({ layer, task }),
    grown: (available) => order({ layer, available }),
    release: () => {
      taken = false;
      worker.off('message', events.message).off('error', events.ended).off('exit', exited);
      keepIdle(worker);
    },
    terminate: async () => {
      taken = false;
      await worker.terminate();
    },
  };
}

function waitingThread(): Worker | undefined {
  const waiting = idle.at(-1);
  if (waiting === undefined) return undefined;
  waiting.forget();
  waiting.worker.ref();
  return waiting.worker;
}

function keepIdle(worker: Worker): void {
  const forget = (): void => {
    const index = idle.indexOf(waiting);
    if (index >= 0) idle.splice(index, 1);
    clearTimeout(timer);
    worker.off('error', forget).off('exit', forget);
  };
  const timer = setTimeout(() => {
    forget();
    void worker.terminate();
  }, IDLE);
  timer.unref();
  const waiting: Idle = { worker, forget };
  worker.on('error', forget);
  worker.on('exit', forget);
  worker.unref();
  idle.push(waiting);
}

function newThread(): Worker {
  const extension = extname(fileURLToPath(import.meta.url));
  return new Worker(new URL(`./layer-worker${extension}`, import.meta.url), {
    name: 'gantry-layer',
    env: {},
    execArgv: [],
    // Pieces of output are garbage at once; collecting it often keeps some 15 MiB out of the peak, at no cost in time.
    resourceLimits: { maxYoungGenerationSizeMb: 1 },
  });
}
