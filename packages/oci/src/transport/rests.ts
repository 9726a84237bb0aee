import type { Environment } from '../environment.ts';
import type { Origin } from './origin.ts';

/**
 * Until when origins want to be left alone. One `Retry-After` is an answer to everybody who shares a transport: who asks
 * meanwhile waits as well, instead of being told the same and using up an attempt.
 */
export class Rests {
  readonly #environment: Environment;
  /** By the monotonic clock. */
  readonly #until = new Map<Origin, number>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** An origin asked for a pause, in milliseconds. The longest counts. */
  ask(origin: Origin, ms: number): void {
    const until = this.#environment.monotonic() + ms;
    if (until > (this.#until.get(origin) ?? 0)) this.#until.set(origin, until);
  }

  /** Resolves when an origin may be asked again; rejects with the signal's reason. */
  async over(origin: Origin, signal: AbortSignal): Promise<void> {
    for (;;) {
      const until = this.#until.get(origin);
      if (until === undefined) return;
      const left = until - this.#environment.monotonic();
      if (left <= 0) {
        this.#until.delete(origin);
        return;
      }
      await this.#environment.sleep(left, signal);
    }
  }
}
