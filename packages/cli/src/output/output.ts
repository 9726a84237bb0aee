import { escapeRemote, type LogEvent, type OpEvent } from '@gantry/oci';
import { worstExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { eachFailure, failureFacts } from './failure.ts';
import { jsonLine } from './json.ts';
import { ProgressLine } from './progress.ts';
import { requestLine, retryLine, stageLine } from './trace.ts';
import { writeAll } from './write.ts';

/** `--json`, `--quiet`, `--verbose`. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/**
 * Where everything that a verb says goes. Results go to stdout: one JSON document with `--json`, lines without.
 * All else goes to stderr; with `--json` as one JSON document a line. Text is escaped here, so a verb may pass on what
 * a registry said.
 */
export class Output {
  readonly #io: Io;
  readonly #flags: OutputFlags;
  readonly #progress: ProgressLine | undefined;
  readonly #warned = new Set<string>();
  #failed: readonly unknown[] = [];
  #answer = 0;

  constructor(io: Io, flags: OutputFlags) {
    this.#io = io;
    this.#flags = flags;
    if (flags.json !== true && flags.quiet !== true) this.#progress = new ProgressLine(io);
  }

  /** The exit code for everything that {@link Output.failure} was told so far; when that is nothing, that of the answer. */
  get exitCode(): number {
    return this.#failed.length > 0 ? worstExitCode(this.#failed) : this.#answer;
  }

  /** Sets the exit code of a run in which nothing fails, for verbs whose answer is told by it too. Default: 0. */
  answer(exitCode: number): void {
    this.#answer = exitCode;
  }

  /** Whether results are JSON. */
  get json(): boolean {
    return this.#flags.json === true;
  }

  /** The result: `document`, with `schemaVersion` put before it, or `lines`. Called once by each verb. */
  async result(document: object, lines: readonly string[]): Promise<void> {
    this.#progress?.clear();
    const text = this.json ? jsonLine({ schemaVersion: 1, ...document }) : lines.map(plain).join('\n');
    if (text !== '') await writeAll(this.#io.stdout, `${text}\n`, this.#io.signal);
  }

  /** A result that is bytes: a manifest as it is, or what a plugin wrote. */
  async bytes(content: Uint8Array): Promise<void> {
    this.#progress?.clear();
    await writeAll(this.#io.stdout, content, this.#io.signal);
  }

  /** Something worth knowing that is not a result. */
  note(text: string): void {
    if (!this.json && this.#flags.quiet !== true) this.#line(plain(text));
  }

  /** Something for those who want to know more: shown with `--verbose` only. */
  detail(text: string): void {
    if (this.#flags.verbose === true) this.note(text);
  }

  /** One JSON document on stderr. */
  report(document: object): void {
    this.#line(jsonLine({ schemaVersion: 1, ...document }));
  }

  /** The sink for the events of an operation: progress, warnings and, with `--verbose`, requests. */
  readonly onEvent = (event: OpEvent): void => {
    if (event.type === 'progress') this.#progress?.update(event);
    else if (event.type === 'warning') this.#warn(event.from, event.message);
    else if (event.type === 'log') this.#log(event);
    else if (this.#flags.verbose === true) this.#trace(event);
  };

  /** Says what failed. Its exit code counts in {@link Output.exitCode}. */
  failure(error: unknown): void {
    const failures = eachFailure(error);
    this.#failed = [...this.#failed, ...failures];
    const facts = failures.map(failureFacts);
    const exitCode = worstExitCode(failures);
    const interrupted = exitCode > 128;
    if (this.json) {
      const worst = facts[failures.findIndex((failure) => worstExitCode([failure]) === exitCode)] ?? facts[0];
      this.report({ error: worst, errors: facts.length > 1 ? facts : undefined });
    } else {
      for (const { code, message, hint } of interrupted ? [] : facts) {
        this.#line(`${this.#red('error')}: ${plain(message)} (${code})`);
        if (hint !== '') this.#line(`hint: ${plain(hint)}`);
      }
    }
    if (this.#flags.verbose === true) this.#stacks(failures);
  }

  /** Takes the progress line off the screen. */
  close(): void {
    this.#progress?.clear();
  }

  #warn(from: string, message: string): void {
    const text = `${from}: ${message}`;
    if (this.#flags.quiet === true || this.#warned.has(text)) return;
    this.#warned.add(text);
    if (this.json) this.report({ warning: { from, message } });
    else this.#line(`warning: ${plain(text)}`);
  }

  /** A line that a plugin logged: as it is, or as a document with `--json`. */
  #log({ plugin, level, message }: LogEvent): void {
    if (this.#flags.quiet === true) return;
    if (this.json) this.report({ log: { plugin, level, message } });
    else this.#line(plain(message));
  }

  #trace(event: Extract<OpEvent, { type: 'request' | 'retry' | 'stage' }>): void {
    if (this.json) {
      this.report({ [event.type]: { ...event, type: undefined } });
      return;
    }
    if (event.type === 'request') this.#line(plain(requestLine(event)));
    else if (event.type === 'retry') this.#line(plain(retryLine(event)));
    else this.#line(plain(stageLine(event)));
  }

  /** Where an unforeseen failure came from. Foreseen ones say everything in their message. */
  #stacks(failures: readonly unknown[]): void {
    for (const failure of failures) {
      if (failureFacts(failure).code !== 'UNEXPECTED' || !(failure instanceof Error)) continue;
      for (const line of (failure.stack ?? '').split('\n').slice(1)) this.#line(plain(line));
    }
  }

  #line(text: string): void {
    this.#progress?.clear();
    this.#io.stderr.write(`${text}\n`);
  }

  #red(text: string): string {
    return this.#io.interactive && !this.#io.env['NO_COLOR'] ? `\u001b[31m${text}\u001b[39m` : text;
  }
}

function plain(text: string): string {
  return escapeRemote(text, Number.POSITIVE_INFINITY);
}
