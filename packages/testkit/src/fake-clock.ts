import type { Environment } from '@gantry/oci';

/** The clocks of an {@link Environment}, moved by the test. */
export interface FakeClock extends Pick<Environment, 'now' | 'monotonic' | 'sleep'> {
  /** Milliseconds of the sleeps that were skipped, in order. */
  readonly skipped: readonly number[];
  /** Milliseconds of the sleeps that wait for {@link advance}. */
  readonly pending: readonly number[];
  /** Moves both clocks and wakes who is due, in order of time; lets everything that follows from it happen in between. */
  advance(ms: number): Promise<void>;
  /** Resolves when at least so many sleeps are pending. */
  whenPending(count?: number): Promise<void>;
}

/** Options of {@link fakeClock}. */
export interface FakeClockOptions {
  /** Where the wall clock stands, milliseconds since 1970. Default 2026-01-01. */
  readonly start?: number;
  /** Which sleeps end at once with the clocks moved: retries, say, but no deadlines. Default: none. */
  readonly skip?: (ms: number) => boolean;
}

interface Sleeper {
  readonly ms: number;
  readonly due: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to move. */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  const start = options.start ?? Date.UTC(2026, 0, 1);
  const skipped: number[] = [];
  const sleepers = new Set<Sleeper>();
  const watchers = new Set<() => void>();
  let elapsed = 0;

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (options.skip?.(ms)) {
      skipped.push(ms);
      elapsed += ms;
      return settled();
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeper = { ms, due: elapsed + ms, wake };
      sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
      for (const watcher of watchers) watcher();
    });
  };

  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    sleep,
    skipped,
    get pending(): readonly number[] {
      return [...sleepers].map((sleeper) => sleeper.ms);
    },
    async advance(ms: number): Promise<void> {
      const target = elapsed + ms;
      for (;;) {
        const due = [...sleepers].filter((sleeper) => sleeper.due <= target).sort((a, b) => a.due - b.due)[0];
        if (due === undefined) break;
        elapsed = Math.max(elapsed, due.due);
        due.wake();
        await settled();
      }
      elapsed = target;
    },
    whenPending: (count = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (sleepers.size < count) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
  };
}

/** After everything that is already due to happen. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
