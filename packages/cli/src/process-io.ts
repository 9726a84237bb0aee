import type { GantryError } from '@gantry/oci';
import { Interrupted } from './interrupted.ts';
import type { Io } from './io.ts';
import { outputUnwritable } from './output/write.ts';

/** This very process as an {@link Io}. */
export interface ProcessIo {
  readonly io: Io;
  /** Ends the process with a code, when everything that was written has gone out. */
  end(exitCode: number): Promise<never>;
}

/** Binds the streams, environment and signals of this process. */
export function openProcessIo(version: string): ProcessIo {
  const interruption = new AbortController();
  for (const [name, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(name, () => interruption.abort(new Interrupted(name, 128 + number)));
  }
  const brokenPipe = (error: NodeJS.ErrnoException): boolean => {
    if (error.code === 'EPIPE') interruption.abort(new Interrupted('SIGPIPE', 128 + 13));
    return error.code === 'EPIPE';
  };
  let unwritable: GantryError | undefined;
  process.stdout.on('error', (error) => {
    if (brokenPipe(error)) return;
    unwritable ??= outputUnwritable(error);
    interruption.abort(unwritable);
  });
  // When stderr takes nothing there is nobody left to tell; the exit code still says how it ended.
  process.stderr.on('error', brokenPipe);

  const io: Io = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
    version,
    signal: interruption.signal,
  };
  return {
    io,
    end: async (exitCode) => {
      process.exitCode = exitCode;
      // Keep-alive sockets and a stdin that nobody closes must not hold the process.
      await Promise.all([drained(process.stdout), drained(process.stderr)]);
      // What no verb waited for, such as the text of --help.
      if (unwritable !== undefined && process.exitCode === 0) {
        process.stderr.write(`error: ${unwritable.message} (${unwritable.code})\n`);
        process.exitCode = 1;
      }
      process.exit();
    },
  };
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
