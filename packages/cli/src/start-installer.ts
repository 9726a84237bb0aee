import { installer } from './installer/installer.ts';
import { openProcessIo } from './process-io.ts';

/**
 * Runs `install-dynamic-plugins` in this very process. Called by its launcher only, which also says what to do before
 * anything is fetched.
 */
export async function start(args: readonly string[], version: string, beforeFetching: () => void): Promise<void> {
  const { io, end } = openProcessIo(version);
  await end(await installer(args, io, beforeFetching));
}
