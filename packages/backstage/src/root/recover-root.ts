import { join } from 'node:path';
import { errorCode, syncDirectory } from '@gantry/core';
import { ownName, type RootContext } from './root-context.ts';
import type { RootHold } from './root-lock.ts';
import { removeIfThere } from './root-watch.ts';
import { unfinished } from './scan-root.ts';
import type { StagingArea } from './staging-area.ts';
import { putBack } from './swap-plugin.ts';

/**
 * Finishes what killed or deposed runs began, removes what they left behind, and takes away directories that an installer
 * never finished. Called by whoever has just got hold of the root: nobody else who has a mark lives.
 */
export function recoverRoot(context: RootContext, hold: RootHold, staging: StagingArea): void {
  const { fileSystem, directory, log } = context;
  for (const name of fileSystem.list(directory)) {
    const own = ownName(name);
    if (own?.type === 'lock-part') removeIfThere(context, join(directory, name));
    if (own?.type === 'staging' && own.id !== hold.id) sweep(context, hold, staging, name);
  }
  for (const name of unfinished(context)) {
    hold.confirm();
    fileSystem.rename(join(directory, name), join(staging.part('quarantine'), name));
    fileSystem.reached('root.quarantined');
    log.warn(`WARNING: Directory ${name} was left unfinished by an installer that was interrupted; removing it`);
  }
}

/**
 * Ends the staging of this run. A swap that failed halfway is taken back; nothing that was not live becomes so. Failing to
 * remove it is reported: the next run does it.
 */
export function clearStaging(context: RootContext, staging: StagingArea): void {
  const { fileSystem, directory, log } = context;
  try {
    if (fileSystem.lstat(staging.directory) === undefined) return;
    const old = join(staging.directory, 'old');
    for (const name of listed(context, old)) putBack(context, join(old, name), join(directory, name));
    fileSystem.removeTree(staging.directory);
  } catch (error) {
    log.warn(`WARNING: ${staging.directory} cannot be removed (${errorCode(error) ?? String(error)})`);
  }
}

/**
 * Renames the staging of another run into ours before anything else: should that run wake up, its next rename finds nothing.
 */
function sweep(context: RootContext, hold: RootHold, staging: StagingArea, name: string): void {
  const { fileSystem, directory, log } = context;
  const swept = join(staging.part('swept'), name);
  hold.confirm();
  try {
    fileSystem.rename(join(directory, name), swept);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT') log.warn(`WARNING: ${join(directory, name)} cannot be removed (${code ?? String(error)})`);
    return;
  }
  fileSystem.reached('root.fenced');
  finish(context, hold, swept);
  fileSystem.removeTree(swept);
  fileSystem.reached('root.swept');
}

function finish(context: RootContext, hold: RootHold, swept: string): void {
  const { fileSystem, directory, log } = context;
  // SAFETY D4: whoever shares the volume may have put links here; what they lead to is not ours to move.
  if (!fileSystem.lstat(swept)?.isDirectory()) return;
  for (const part of ['ready', 'old']) {
    for (const name of listed(context, join(swept, part))) {
      const found = join(swept, part, name);
      const live = join(directory, name);
      if (fileSystem.lstat(live) !== undefined || !fileSystem.lstat(found)?.isDirectory()) continue;
      hold.confirm();
      fileSystem.rename(found, live);
      fileSystem.reached('root.finished');
      syncDirectory(fileSystem, directory);
      log.line(`======= Finished the interrupted installation of ${name}`);
    }
  }
  // A run that was killed while it did this.
  for (const inner of listed(context, join(swept, 'swept'))) finish(context, hold, join(swept, 'swept', inner));
}

/** The names in a directory; none in what is no directory, a link to one included. */
function listed({ fileSystem }: RootContext, path: string): readonly string[] {
  if (!fileSystem.lstat(path)?.isDirectory()) return [];
  try {
    return fileSystem.list(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
