import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Io } from './io.ts';

/** An {@link Io} that keeps what is written. */
export interface RecordedIo extends Io {
  /** All of stdout so far. */
  out(): string;
  /** All of stderr so far. */
  err(): string;
  /** Asks the command line to stop, as a signal does. */
  interrupt(reason: Error): void;
}

/** Options of {@link recordIo}. */
export interface RecordIoOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly interactive?: boolean;
}

/** An {@link Io} in memory, for one call of `main`. Its environment holds only what is given. */
export function recordIo(options: RecordIoOptions = {}): RecordedIo {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const abort = new AbortController();
  return {
    stdin: Readable.from(options.interactive === true ? typed(options.stdin ?? '') : piped(options.stdin)),
    stdout: recorder(out),
    stderr: recorder(err),
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    interactive: options.interactive ?? false,
    columns: 100,
    version: '9.8.7',
    signal: abort.signal,
    out: () => Buffer.concat(out).toString(),
    err: () => Buffer.concat(err).toString(),
    interrupt: (reason) => abort.abort(reason),
  };
}

function piped(text: string | undefined): readonly Buffer[] {
  return text === undefined ? [] : [Buffer.from(text)];
}

/** Line by line, as somebody types: the next one comes after the question for it. */
async function* typed(text: string): AsyncGenerator<Buffer> {
  for (const line of text.match(/.*\n/g) ?? []) {
    await setImmediate();
    yield Buffer.from(line);
  }
}

function recorder(chunks: Buffer[]): PassThrough {
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return stream;
}
