import { join } from 'node:path';
import { errorCode, syncDirectory } from '@gantry/core';
import type { Op } from '@gantry/oci';
import type { RootContext } from './root-context.ts';
import type { RootHold } from './root-lock.ts';
import { readConfigHash } from './scan-root.ts';
import type { StagingArea } from './staging-area.ts';
import { putBack } from './swap-plugin.ts';

/**
 * Removes the plugin `name`: one rename takes it out of sight, then it is deleted, never through a link. False when it is no
 * directory with a hash file of an installer, which is left alone.
 */
export function removePlugin(
  context: RootContext,
  hold: RootHold,
  staging: StagingArea,
  name: string,
  op?: Op,
): boolean {
  const { fileSystem, directory } = context;
  const live = join(directory, name);
  if (!fileSystem.lstat(live)?.isDirectory()) return false;
  const judged = readConfigHash(context, name, op);
  if (judged === undefined) return false;
  const aside = join(staging.part('removed'), name);
  fileSystem.removeTree(aside);
  hold.confirm();
  try {
    fileSystem.rename(live, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && fileSystem.lstat(live) === undefined) return false;
    throw error;
  }
  fileSystem.reached('root.removed-aside');
  // A rival may have put another there between the look and the rename.
  if (readConfigHash({ ...context, directory: staging.part('removed') }, name, op) !== judged) {
    putBack(context, aside, live);
    return false;
  }
  syncDirectory(fileSystem, directory);
  fileSystem.removeTree(aside);
  fileSystem.reached('root.removed');
  return true;
}
