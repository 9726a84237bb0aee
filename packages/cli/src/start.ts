import type { GantryError } from '@gantry/oci';
import { Interrupted } from './interrupted.ts';
import type { Io } from './io.ts';
import { main } from './main.ts';
import { outputUnwritable } from './output/write.ts';

/** Runs the command line in this very process: its streams, environment and signals. Called by the launcher only. */
export async function start(args: readonly string[], version: string): Promise<void> {
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
  process.exitCode = await main(args, io);
  // Keep-alive sockets and a stdin that nobody closes must not hold the process.
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  // What no verb waited for, such as the text of --help.
  if (unwritable !== undefined && process.exitCode === 0) {
    process.stderr.write(`error: ${unwritable.message} (${unwritable.code})\n`);
    process.exitCode = 1;
  }
  process.exit();
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
