import type { Environment } from '../environment.ts';

/** A signal that aborts with its parent, with the parent's reason, or when time is up, with an error of its own. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Stops the clock and forgets the parent. Must be called; more than once is fine. */
  end(): void;
  /** Aborts before the time. */
  abort(reason: unknown): void;
}

/** Starts a {@link Deadline} of `ms` milliseconds; `expired` makes the reason to abort with. */
export function startDeadline(
  environment: Environment,
  ms: number,
  parent: AbortSignal | undefined,
  expired: () => unknown,
): Deadline {
  const linked = linkedAborter(parent);
  const clock = new AbortController();
  environment.sleep(ms, clock.signal).then(
    () => linked.abort(expired()),
    () => {},
  );
  return {
    ...linked,
    end: () => {
      linked.end();
      clock.abort();
    },
  };
}

/** As a {@link Deadline} without a clock. */
export function linkedAborter(parent: AbortSignal | undefined): Deadline {
  const aborter = new AbortController();
  const onParent = (): void => aborter.abort(parent?.reason);
  if (parent?.aborted) onParent();
  else parent?.addEventListener('abort', onParent, { once: true });
  return {
    signal: aborter.signal,
    end: () => parent?.removeEventListener('abort', onParent),
    abort: (reason) => aborter.abort(reason),
  };
}

/** Runs `work` under a {@link Deadline}; rejects as soon as it passes, whatever `work` does with the signal. */
export async function withDeadline<T>(
  environment: Environment,
  ms: number,
  parent: AbortSignal | undefined,
  expired: () => unknown,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline(environment, ms, parent, expired);
  try {
    return await untilAborted(deadline.signal, work(deadline.signal));
  } finally {
    deadline.end();
  }
}

/** `work`, or a rejection with the signal's reason as soon as it aborts. */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
