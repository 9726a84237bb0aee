import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';

/**
 * The work of one operation: a bounded number of transfers at the same time. The first failure cancels the rest, and
 * nothing is left running when the operation ends.
 */
export class Transfers {
  /** The operation with a signal that also ends it on the first failure. */
  readonly op: Op;
  readonly parallel: number;
  readonly #abort: AbortController = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #failure: { readonly error: unknown } | undefined;

  constructor(op: Op = {}) {
    const { signal } = this.#abort;
    this.op = { ...op, signal: op.signal === undefined ? signal : AbortSignal.any([op.signal, signal]) };
    this.parallel = Math.max(1, ociLimits(op, 'parallelTransfers'));
    this.#free = this.parallel;
  }

  /** Runs one transfer as soon as there is room for it. It must not start another one and wait for it. */
  async run<T>(transfer: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      this.op.signal?.throwIfAborted();
      return await transfer();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  /** Does something for every item, several at a time, and returns when all of it has ended; throws the first failure. */
  async each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const rest = items.values();
    const worker = async (): Promise<void> => {
      for (const item of rest) {
        if (this.#failure !== undefined) return;
        try {
          await work(item);
        } catch (error) {
          this.#failure ??= { error };
          this.#abort.abort(error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.parallel, items.length) }, worker));
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
