import type { Writable } from 'node:stream';
import type { LogSink } from '@gantry/backstage';
import { escapeRemote, type OpEvent } from '@gantry/oci';
import type { Io } from '../io.ts';
import { ProgressLine } from '../output/progress.ts';

/** Where the lines of an installation go, and its progress where somebody watches. */
export interface InstallLog extends LogSink {
  /** A line for stderr. */
  error(text: string): void;
  /** The sink for the events of the operation. */
  readonly onEvent: (event: OpEvent) => void;
  /** Takes the progress off the screen. */
  close(): void;
}

/** Log lines on stdout, as the original has them; on stderr when stdout is for the document. */
export function openInstallLog(io: Io, json: boolean): InstallLog {
  const progress = io.interactive ? new ProgressLine(io) : undefined;
  const warned = new Set<string>();
  const write = (stream: Writable, text: string): void => {
    progress?.clear();
    stream.write(`${plain(text)}\n`);
  };
  const line = (text: string): void => write(json ? io.stderr : io.stdout, text);
  return {
    line,
    warn: line,
    error: (text) => write(io.stderr, text),
    onEvent: (event) => {
      if (event.type === 'progress') progress?.update(event);
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
