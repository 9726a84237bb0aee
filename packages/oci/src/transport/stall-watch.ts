import type { Environment } from '../environment.ts';

/** Watches one wait after another: calls `onStall` when a single one lasts longer than it may. */
export interface StallWatch {
  /** A wait for the other side begins. */
  begin(): void;
  /** It ended; the milliseconds it took. */
  end(): number;
  stop(): void;
}

/**
 * Starts a {@link StallWatch}. Time in which nobody waits does not count: a slow reader is not a slow server.
 * One sleep at a time, however many waits there are.
 */
export function watchStalls(environment: Environment, idleMs: number, onStall: () => void): StallWatch {
  const stopped = new AbortController();
  let since: number | undefined;
  const watch = async (): Promise<void> => {
    let pause = idleMs;
    for (;;) {
      await environment.sleep(pause, stopped.signal);
      const waited = since === undefined ? 0 : environment.monotonic() - since;
      if (waited >= idleMs) {
        onStall();
        return;
      }
      pause = idleMs - waited;
    }
  };
  let started = false;
  return {
    begin: () => {
      since = environment.monotonic();
      if (started) return;
      started = true;
      watch().catch(() => {});
    },
    end: () => {
      const waited = since === undefined ? 0 : environment.monotonic() - since;
      since = undefined;
      return waited;
    },
    stop: () => stopped.abort(),
  };
}
