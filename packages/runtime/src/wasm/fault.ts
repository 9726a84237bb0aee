import type { RuntimeErrorCode } from '../runtime-errors.ts';

/**
 * What a host function throws to end a call: carried out of the thread as a code and a message, and made an error of
 * the table on the other side. It keeps the thread free of the packages that the tables need.
 */
export class Fault extends Error {
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A module asked to end itself: `proc_exit` of WASI. */
export class ExitRequest extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}
