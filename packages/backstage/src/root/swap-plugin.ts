import { join } from 'node:path';
import { errorCode, syncDirectory } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { backstageLimits } from '../backstage-limits.ts';
import { CONFIG_HASH, type RootContext } from './root-context.ts';
import type { RootHold } from './root-lock.ts';
import type { StagingArea } from './staging-area.ts';

/**
 * Puts the plugin `name`, which stands in `ready`, into the root: what is there goes aside, the new directory takes the name.
 * A reader sees the old one, none for a moment, or the new one. When the second rename fails the first is taken back.
 * What went aside is removed.
 *
 * Throws `INSTALL_DIRECTORY_TAKEN`, `INSTALL_LOCK_LOST`, and what the file system throws.
 */
export function swapPlugin(context: RootContext, hold: RootHold, staging: StagingArea, name: string, op?: Op): void {
  const { fileSystem, directory } = context;
  const live = join(directory, name);
  const ready = join(staging.part('ready'), name);
  const old = join(staging.part('old'), name);
  for (let attempt = 0; ; attempt += 1) {
    moveAside(context, hold, live, old, name);
    try {
      hold.confirm();
      fileSystem.rename(ready, live);
      break;
    } catch (error) {
      const rival = errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST';
      if (rival && attempt < backstageLimits(op, 'pluginSwapAttempts')) continue;
      putBack(context, old, live);
      throw error;
    }
  }
  fileSystem.reached('root.plugin-live');
  syncDirectory(fileSystem, directory);
  fileSystem.removeTree(old);
  fileSystem.reached('root.old-removed');
}

function moveAside(context: RootContext, hold: RootHold, live: string, old: string, name: string): void {
  const { fileSystem, directory, log } = context;
  const stats = fileSystem.lstat(live);
  if (stats === undefined) return;
  if (!stats.isDirectory()) {
    const what = stats.isSymbolicLink() ? 'a link' : 'a file';
    throw backstageError('INSTALL_DIRECTORY_TAKEN', `${join(directory, name)} is ${what}, expected a directory`);
  }
  if (fileSystem.lstat(join(live, CONFIG_HASH)) === undefined) {
    log.warn(`WARNING: Replacing directory ${name}, which has no ${CONFIG_HASH}: its installation was never finished`);
  }
  // Left over when a rival put another in its place.
  fileSystem.removeTree(old);
  hold.confirm();
  try {
    fileSystem.rename(live, old);
  } catch (error) {
    // A rival was faster.
    if (errorCode(error) === 'ENOENT' && fileSystem.lstat(live) === undefined) return;
    throw error;
  }
  fileSystem.reached('root.old-aside');
}

/** Puts what went aside back where nothing has taken its place. */
export function putBack({ fileSystem }: RootContext, aside: string, live: string): void {
  try {
    if (fileSystem.lstat(live) === undefined) fileSystem.rename(aside, live);
  } catch {
    // The error that led here matters more, and the next run finds it in the journal.
  }
}
