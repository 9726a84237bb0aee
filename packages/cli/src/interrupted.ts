/** Why the process was asked to stop. It is the reason of the abort signal, so operations end with it. */
export class Interrupted extends Error {
  override readonly name: string = 'AbortError';
  /** `SIGINT`, `SIGTERM`, `SIGHUP`, or `SIGPIPE` when nobody reads stdout any more. */
  readonly signalName: string;
  /** 128 and the number of the signal. */
  readonly exitCode: number;

  constructor(signalName: string, exitCode: number) {
    super(`interrupted by ${signalName}`);
    this.signalName = signalName;
    this.exitCode = exitCode;
  }
}
