import { main } from './main.ts';
import { openProcessIo } from './process-io.ts';

/** Runs the command line in this very process: its streams, environment and signals. Called by the launcher only. */
export async function start(args: readonly string[], version: string): Promise<void> {
  const { io, end } = openProcessIo(version);
  await end(await main(args, io));
}
