import { PassThrough, Readable } from 'node:stream';
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
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
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

function recorder(chunks: Buffer[]): PassThrough {
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return stream;
}
