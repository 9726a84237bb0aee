import { installer } from './installer/installer.ts';
import { openProcessIo } from './process-io.ts';

/** Runs `install-dynamic-plugins` in this very process. Called by its launcher only. */
export async function start(args: readonly string[], version: string): Promise<void> {
  const { io, end } = openProcessIo(version);
  await end(await installer(args, io));
}
