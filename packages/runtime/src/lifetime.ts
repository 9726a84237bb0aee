import type { Op } from '@gantry/oci';
import { runtimeError } from './runtime-errors.ts';

/** What a loaded plugin has running, and its end. */
export interface Lifetime {
  /** Runs `work` with an operation that is also cancelled by disposal. Rejects with `RUNTIME_CLOSED` after it. */
  during<T>(op: Op | undefined, work: (op: Op) => Promise<T>): Promise<T>;
  /** Cancels what runs, waits for it, then cleans up, once. */
  dispose(): Promise<void>;
}

/** Opens the lifetime of the plugin called `name`. */
export function openLifetime(name: string, cleanUp: () => Promise<void>): Lifetime {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;
  const closedError = (): Error => runtimeError('RUNTIME_CLOSED', `${name} was disposed`);

  return {
    async during(op, work) {
      if (closed !== undefined) throw closedError();
      const signal = op?.signal === undefined ? closing.signal : AbortSignal.any([op.signal, closing.signal]);
      const result = work({ ...op, signal });
      running.add(result);
      try {
        return await result;
      } finally {
        running.delete(result);
      }
    },
    dispose() {
      closed ??= (async () => {
        closing.abort(closedError());
        await Promise.allSettled(running);
        await cleanUp();
      })();
      return closed;
    },
  };
}
