import type { Readable, Writable } from 'node:stream';

/**
 * Everything that the command line touches of its process, in one object: `main` gets it as a parameter, so that tests
 * run verbs inside their own process.
 */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether somebody watches stderr and can type on stdin: progress is drawn and passwords are asked for only then. */
  readonly interactive: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
  /** Version of this command line. */
  readonly version: string;
  /** Aborted by SIGINT, SIGTERM, SIGHUP, or by stdout being closed; the reason says which. */
  readonly signal: AbortSignal;
}
