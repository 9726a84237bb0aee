import type { Context } from '../context.ts';
import { type InstallFlags, installRoot } from '../installer/install-root.ts';

/** `gantry backstage install <root>`: what `install-dynamic-plugins` does, with its exit codes. */
export async function backstageInstall(
  context: Context,
  [root]: readonly [string],
  flags: InstallFlags,
): Promise<void> {
  context.output.answer(await installRoot(root, flags, context.io));
}
