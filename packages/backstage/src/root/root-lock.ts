import { join } from 'node:path';
import { currentProcess, errorCode, makeDirectories, openFlags, randomName, removeQuietly } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { backstageLimits } from '../backstage-limits.ts';
import { heldHere } from './held-here.ts';
import { BEAT, encodeOwner, type FoundOwner, type OwnerRecord, readOwner } from './owner-record.ts';
import { LOCK_NAME, lockPartPath, markPath, type RootContext } from './root-context.ts';
import { rootModes } from './root-modes.ts';
import { type RootWatch, removeIfThere, watchRoot } from './root-watch.ts';

/** What a link is refused with where there are none. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** A root that is held by this run. */
export interface RootHold {
  /** 32 hex digits; names the mark and the staging directory. */
  readonly id: string;
  /**
   * Throws `INSTALL_LOCK_LOST` when the run was deposed or an original has the lock; called before each rename. Makes a
   * lock file that was deleted anew: among installers of ours the mark counts, so nothing has happened meanwhile.
   */
  confirm(): void;
  /** Ends it; what is not ours any more is left alone. True when the lock file was still ours. */
  release(): boolean;
}

/**
 * Takes the lock of a root, waiting for whoever lives and holds it. The root is created when it is missing.
 *
 * The lock file is there for the originals. Among our own kind a run holds the root while its mark exists: whoever has
 * linked the lock file yields to the mark of another that lives, so a deleted lock file lets nobody in. Even so nothing is
 * correct because of lock or mark: every rename goes from or to the staging directory of the run, and whoever deposes a
 * run renames that directory away before doing anything else.
 *
 * Throws `INSTALL_LOCKED`, and what the file system throws.
 */
export async function holdRoot(context: RootContext, op?: Op): Promise<RootHold> {
  const { environment, log } = context;
  const lock = join(context.shownAs, LOCK_NAME);
  const id = randomName();
  makeDirectories(context.fileSystem, context.directory, 0o755);
  const watch = watchRoot(context, id, op);
  const poll = backstageLimits(op, 'rootLockPoll');
  let waited = false;
  for (let wait = 1; ; wait = Math.min(wait * 2, poll)) {
    op?.signal?.throwIfAborted();
    const holder = watch.look();
    if (holder === undefined) {
      const hold = take(context, id, op);
      if (hold !== undefined && isAlone(watch, hold)) {
        if (waited) log.line('======= Lock released.');
        log.line(`======= Created lock file: ${lock}`);
        return hold;
      }
    } else if (holder.heldFor > context.lockTimeoutMs) {
      throw backstageError(
        'INSTALL_LOCKED',
        `Timed out after ${context.lockTimeoutMs}ms waiting for lock file ${lock}: another installer holds it and lives`,
        { details: { lock, waitedMs: Math.round(holder.heldFor) } },
      );
    } else if (!waited) {
      waited = true;
      log.line(`======= Waiting for lock release (file: ${lock})...`);
    }
    // Two that yield to each other must not do so for ever.
    await environment.sleep(wait * (0.5 + environment.random()), op?.signal);
  }
}

/** Whether nobody else has a mark; otherwise the hold is given back. */
function isAlone(watch: RootWatch, hold: RootHold): boolean {
  let alone = false;
  try {
    alone = watch.look() === undefined;
    return alone;
  } finally {
    if (!alone) hold.release();
  }
}

/** Makes lock and mark; undefined when somebody was faster. */
function take(context: RootContext, id: string, op?: Op): RootHold | undefined {
  const { fileSystem, environment } = context;
  const part = lockPartPath(context, id);
  const mark = markPath(context, id);
  const startedAt = new Date(environment.now()).toISOString();
  const record: OwnerRecord = { schemaVersion: 1, id, owner: currentProcess(), startedAt };
  const fd = create(context, part, record);
  const end = (): boolean => {
    heldHere.delete(id);
    try {
      fileSystem.close(fd);
    } finally {
      for (const path of [part, mark]) removeQuietly(fileSystem, path);
    }
    fileSystem.reached('root.unmarked');
    return removeOwn(context, id, op);
  };
  heldHere.add(id);
  try {
    fileSystem.reached('root.lock-written');
    if (!putLock(context, part, record)) {
      end();
      return undefined;
    }
    fileSystem.reached('root.lock-created');
    fileSystem.rename(part, mark);
  } catch (error) {
    end();
    // Whoever holds the root sweeps what stands beside the lock.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  fileSystem.reached('root.marked');
  const timer = setInterval(() => beat(context, fd, id, op), backstageLimits(op, 'rootLockHeartbeat'));
  timer.unref();
  return {
    id,
    confirm: () => confirm(context, record, op),
    release: () => {
      clearInterval(timer);
      return end();
    },
  };
}

/** Shows that the run lives: the counter where there is space for it, the time in any case. */
function beat(context: RootContext, fd: number, id: string, op?: Op): void {
  const { fileSystem, environment, directory } = context;
  const lock = join(directory, LOCK_NAME);
  const quietly = (step: () => void): void => {
    try {
      step();
    } catch {
      // Taken over, or the disk failed: whoever waits will see silence, and the work itself reports failures.
    }
  };
  quietly(() => fileSystem.write(fd, BEAT));
  quietly(() => fileSystem.touch(markPath(context, id), environment.now()));
  quietly(() => {
    if (isOwn(readOwner(fileSystem, lock, op), id)) fileSystem.touch(lock, environment.now());
  });
}

function confirm(context: RootContext, record: OwnerRecord, op?: Op): void {
  const { fileSystem, log, shownAs } = context;
  const mark = markPath(context, record.id);
  const lock = join(shownAs, LOCK_NAME);
  if (fileSystem.lstat(mark) === undefined) {
    throw backstageError('INSTALL_LOCK_LOST', `lock file ${lock} was taken over: this run did not show that it lives`);
  }
  const found = readOwner(fileSystem, join(context.directory, LOCK_NAME), op);
  if (found?.type === 'foreign') {
    throw backstageError('INSTALL_LOCK_LOST', `lock file ${lock} was deleted and is held by another program now`);
  }
  // One of ours that took a deleted lock yields to our mark by itself.
  if (found === undefined && putLock(context, mark, record)) {
    log.warn(`WARNING: Lock file ${lock} was deleted while it was held; created it again`);
  }
}

/**
 * Gives a file that is written already the name of the lock, so that nobody sees an empty one, which would be Python's.
 * False when there is a lock. File systems without hard links get a file of its own.
 */
function putLock(context: RootContext, written: string, record: OwnerRecord): boolean {
  const lock = join(context.directory, LOCK_NAME);
  try {
    context.fileSystem.link(written, lock);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (!WITHOUT_LINKS.has(code ?? '')) throw error;
  }
  try {
    context.fileSystem.close(create(context, lock, record));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** A new file with the record; leaves nothing behind when it cannot be written. */
function create(context: RootContext, path: string, record: OwnerRecord): number {
  const { fileSystem } = context;
  const { file } = rootModes(context);
  const fd = fileSystem.open(path, openFlags.create, file);
  try {
    fileSystem.write(fd, encodeOwner(record));
    fileSystem.chmod(fd, file);
    return fd;
  } catch (error) {
    fileSystem.close(fd);
    removeIfThere(context, path);
    throw error;
  }
}

/** Removes the lock file when it is that of this run. */
function removeOwn(context: RootContext, id: string, op?: Op): boolean {
  const lock = join(context.directory, LOCK_NAME);
  if (!isOwn(readOwner(context.fileSystem, lock, op), id)) return false;
  removeIfThere(context, lock);
  return true;
}

function isOwn(found: FoundOwner | undefined, id: string): boolean {
  return found?.type === 'ours' && found.record.id === id;
}
