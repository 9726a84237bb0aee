import type { Op } from '@gantry/oci';
import type { WasmThread } from './wasm-thread.ts';

/** The threads of one plugin: started when all others are busy, up to a number, and reused. */
export interface WasmPool {
  /** Runs `work` on a thread of its own for that time. Waits while all are busy; the operation's signal ends the wait. */
  use<T>(op: Op, work: (thread: WasmThread) => Promise<T>): Promise<T>;
  /** Ends every thread and waits until they are gone. */
  end(): Promise<void>;
}

/** A pool of at most `size` threads, the first of which is there already. `open` makes one that is loaded. */
export function openPool(first: WasmThread, size: number, open: (op: Op) => Promise<WasmThread>): WasmPool {
  const idle: WasmThread[] = [first];
  const waiting: (() => void)[] = [];
  const threads = new Set([first]);
  let busy = 0;

  const turn = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal?.reason);
      };
      const go = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.push(go);
    });
  const claim = async (op: Op): Promise<WasmThread> => {
    for (let thread = idle.pop(); thread !== undefined; thread = idle.pop()) {
      if (thread.alive) return thread;
      threads.delete(thread);
    }
    const thread = await open(op);
    threads.add(thread);
    return thread;
  };

  return {
    async use(op, work) {
      op.signal?.throwIfAborted();
      // Whoever ends hands its place on, so `busy` does not change between the two.
      if (busy < size) busy++;
      else await turn(op.signal);
      try {
        const thread = await claim(op);
        try {
          return await work(thread);
        } finally {
          if (thread.alive) idle.push(thread);
          else threads.delete(thread);
        }
      } finally {
        const next = waiting.shift();
        if (next === undefined) busy--;
        else next();
      }
    },
    async end() {
      await Promise.all([...threads].map((thread) => thread.end()));
    },
  };
}
