import type { Writable } from 'node:stream';
import type { LogSink } from '@gantry/backstage';
import { escapeRemote, type OpEvent } from '@gantry/oci';
import type { Io } from '../io.ts';
import type { OutputFlags } from '../output/output.ts';
import { ProgressLine } from '../output/progress.ts';
import { requestLine, retryLine } from '../output/trace.ts';

/** Where the lines of an installation go, and its progress where somebody watches. */
export interface InstallLog extends LogSink {
  /** A line for stderr. */
  error(text: string): void;
  /** The sink for the events of the operation. */
  readonly onEvent: (event: OpEvent) => void;
  /** Takes the progress off the screen. */
  close(): void;
}

/** Log lines on stdout, as the original has them; on stderr when stdout is for the document; none when they are not wanted. */
export function openInstallLog(io: Io, { json, quiet, verbose }: OutputFlags): InstallLog {
  const progress = io.interactive && quiet !== true ? new ProgressLine(io) : undefined;
  const warned = new Set<string>();
  const write = (stream: Writable, text: string): void => {
    progress?.clear();
    stream.write(`${plain(text)}\n`);
  };
  const line = (text: string): void => {
    if (quiet !== true) write(json === true ? io.stderr : io.stdout, text);
  };
  return {
    line,
    warn: line,
    error: (text) => write(io.stderr, text),
    onEvent: (event) => {
      if (event.type === 'progress') progress?.update(event);
      if (verbose === true && event.type === 'request') write(io.stderr, requestLine(event));
      if (verbose === true && event.type === 'retry') write(io.stderr, retryLine(event));
      if (event.type !== 'warning') return;
      const text = `WARNING: ${event.from}: ${event.message}`;
      if (!warned.has(text)) line(text);
      warned.add(text);
    },
    close: () => progress?.clear(),
  };
}

/** Line breaks and tabs are the original's; whatever else moves a cursor is not. */
function plain(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : escapeRemote(part, Number.POSITIVE_INFINITY)))
    .join('');
}
