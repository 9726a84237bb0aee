/**
 * Lines for people, in the original's words. `line` is printed to stdout as it is, a leading line break or tab included
 * and a line break added; `warn` as well: the original prefixes its warnings itself.
 */
export interface LogSink {
  line(text: string): void;
  warn(text: string): void;
}

/** Keeps lines back until it is known whether they are true. */
export class BufferedLog implements LogSink {
  readonly #target: LogSink;
  #kept: (() => void)[] = [];

  constructor(target: LogSink) {
    this.#target = target;
  }

  line(text: string): void {
    this.#kept.push(() => this.#target.line(text));
  }

  warn(text: string): void {
    this.#kept.push(() => this.#target.warn(text));
  }

  /** Passes on what was kept. */
  flush(): void {
    for (const pass of this.#kept) pass();
    this.#kept = [];
  }
}

/** For what is read a second time, or on the side. */
export const silentLog: LogSink = { line: () => {}, warn: () => {} };
