import { untilAborted } from '../transport/deadline.ts';

/**
 * Work that several callers wait for. It goes on while anybody waits: one caller's cancellation ends that caller's
 * wait, the last one's ends the work.
 */
export class SharedTask<T> {
  readonly #aborter = new AbortController();
  readonly #work: Promise<T>;
  #waiting = 0;
  #settled = false;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work(this.#aborter.signal);
    const settle = (): void => {
      this.#settled = true;
    };
    this.#work.then(settle, settle);
  }

  /** Whether everybody left, so that nobody may join any more. */
  get abandoned(): boolean {
    return this.#aborter.signal.aborted;
  }

  /** The result, or a rejection with the signal's reason. */
  async wait(signal: AbortSignal): Promise<T> {
    this.#waiting += 1;
    try {
      return await untilAborted(signal, this.#work);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0 && !this.#settled) this.#aborter.abort(signal.reason);
    }
  }
}
