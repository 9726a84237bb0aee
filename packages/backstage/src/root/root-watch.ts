import { join } from 'node:path';
import { currentProcess, errorCode, isGone, isSameProcess, randomName } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { isDeadPid } from './dead-pid.ts';
import { heldHere } from './held-here.ts';
import { type FoundOwner, readOwner } from './owner-record.ts';
import { LOCK_NAME, lockPartPath, markPath, ownName, type RootContext } from './root-context.ts';

/** Somebody who lives and holds the root. */
export interface Holder {
  /** For how long it was seen holding, in milliseconds of our own clock. */
  readonly heldFor: number;
}

/** Watches who holds a root. */
export interface RootWatch {
  /**
   * Takes away the lock and the marks of whoever is dead or silent, and gives the first that has to be waited for.
   * Silence is measured by our own monotonic clock against changes of the file: neither a clock that jumps nor a file
   * server with another time makes a holder look dead.
   */
  look(): Holder | undefined;
}

interface Sighting {
  who: string;
  state: string;
  firstSeen: number;
  lastBeat: number;
}

/** Watches for the run `id`, which does not count as somebody else. */
export function watchRoot(context: RootContext, id: string, op?: Op): RootWatch {
  const { fileSystem, environment, directory } = context;
  const lock = join(directory, LOCK_NAME);
  const sightings = new Map<string, Sighting>();

  const sight = (path: string, found: FoundOwner): Sighting => {
    const now = environment.monotonic();
    const who = found.type === 'ours' ? found.record.id : found.state;
    const known = sightings.get(path);
    if (known?.who === who) {
      if (known.state !== found.state) known.lastBeat = now;
      known.state = found.state;
      return known;
    }
    const fresh = { who, state: found.state, firstSeen: now, lastBeat: now };
    sightings.set(path, fresh);
    return fresh;
  };

  /** Why it no longer counts; undefined when it does. */
  const reasonToTake = (path: string, found: FoundOwner, { firstSeen, lastBeat }: Sighting): string | undefined => {
    const now = environment.monotonic();
    if (found.type === 'foreign' && path === lock) {
      if (found.pid !== undefined && isDeadPid(found.pid, found.modified)) return `process ${found.pid} is gone`;
      if (now - firstSeen < context.lockTimeoutMs) return undefined;
      return `it was held for more than ${context.lockTimeoutMs} ms`;
    }
    if (found.type === 'ours') {
      const { id: run, owner } = found.record;
      if (isGone(owner, currentProcess())) return `process ${owner.pid} is gone`;
      if (isSameProcess(owner, currentProcess()) && !heldHere.has(run)) return 'this process left it behind';
    }
    const patience = backstageLimits(op, 'rootLockStale');
    return now - lastBeat < patience ? undefined : `its owner showed no sign of life for ${patience} ms`;
  };

  const consider = (path: string): Holder | undefined => {
    const found = readOwner(fileSystem, path, op);
    if (found === undefined) {
      sightings.delete(path);
      return undefined;
    }
    if (found.type === 'ours' && found.record.id === id) return undefined;
    const sighting = sight(path, found);
    const reason = reasonToTake(path, found, sighting);
    if (reason === undefined) return { heldFor: environment.monotonic() - sighting.firstSeen };
    // Without its mark the run renames nothing any more, so that goes first.
    if (found.type === 'ours') removeIfThere(context, markPath(context, found.record.id));
    if (path !== lock) removeIfThere(context, path);
    else if (takeAway(context, lock, found, op)) {
      context.log.warn(`WARNING: Taking over lock file ${join(context.shownAs, LOCK_NAME)}: ${reason}`);
    }
    return undefined;
  };

  return {
    look: () => {
      const marks = fileSystem
        .list(directory)
        .filter((name) => ownName(name)?.type === 'mark')
        .map((name) => join(directory, name));
      return [lock, ...marks].map(consider).find((holder) => holder !== undefined);
    },
  };
}

/** Renames a lock away, so that one of several takers wins; puts back what was not judged. */
function takeAway(context: RootContext, lock: string, judged: FoundOwner, op?: Op): boolean {
  const { fileSystem } = context;
  const aside = lockPartPath(context, randomName());
  try {
    fileSystem.rename(lock, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  fileSystem.reached('root.lock-aside');
  const found = readOwner(fileSystem, aside, op);
  const same =
    found?.type === 'ours' && judged.type === 'ours'
      ? found.record.id === judged.record.id
      : found?.state === judged.state;
  if (!same) {
    try {
      fileSystem.link(aside, lock);
    } catch {
      // Somebody took it in between; whose it was sees that before it renames anything.
    }
  }
  removeIfThere(context, aside);
  return same;
}

/** Removes a file that somebody else may have removed. */
export function removeIfThere(context: RootContext, path: string): void {
  try {
    context.fileSystem.unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
