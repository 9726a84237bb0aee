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
  const calm = openCalmStream(json === true ? io.stderr : io.stdout);
  const warned = new Set<string>();
  const error = (text: string): void => {
    calm.flush();
    progress?.clear();
    io.stderr.write(`${plain(text)}\n`);
  };
  const line = (text: string): void => {
    if (quiet === true) return;
    progress?.clear();
    calm.write(`${plain(text)}\n`);
  };
  return {
    line,
    warn: line,
    error,
    onEvent: (event) => {
      if (event.type === 'progress') progress?.update(event);
      if (verbose === true && event.type === 'request') error(requestLine(event));
      if (verbose === true && event.type === 'retry') error(retryLine(event));
      if (event.type !== 'warning') return;
      const text = `WARNING: ${event.from}: ${event.message}`;
      if (!warned.has(text)) line(text);
      warned.add(text);
    },
    close: () => {
      calm.flush();
      progress?.clear();
    },
  };
}

/** Writes what is said in one turn of the event loop at once: a start with nothing to do says a hundred lines. */
function openCalmStream(stream: Writable): { write(text: string): void; flush(): void } {
  let kept = '';
  const flush = (): void => {
    if (kept !== '') stream.write(kept);
    kept = '';
  };
  return {
    write: (text) => {
      if (kept === '') setImmediate(flush);
      kept += text;
    },
    flush,
  };
}

const HARMLESS = /^[\t\n\x20-\x7e]*$/;

/** Line breaks and tabs are the original's; whatever else moves a cursor is not. */
export function plain(text: string): string {
  if (HARMLESS.test(text)) return text;
  return text
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : escapeRemote(part, Number.POSITIVE_INFINITY)))
    .join('');
}
