import { join } from 'node:path';
import type { Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { errorCode, randomName, removeQuietly } from '../files/durable.ts';
import { createOwnerFile, type OwnerFile, readOwnerFile } from './owner-file.ts';
import { currentProcess, isGone, isSameProcess, type ProcessIdentity } from './process-identity.ts';
import type { StoreContext } from './store-context.ts';
import { storeFault } from './store-fault.ts';

/** Ids of the locks that this process holds: a file of ours that is not among them was left behind by a failed removal. */
const heldHere: Set<string> = new Set();

/**
 * Takes the lock `name`, waiting for whoever holds it. Undefined when `done` became true meanwhile: then there is nothing
 * left to do. A holder that is gone, or that showed no sign of life for `lockStale`, loses the lock.
 *
 * Locks save work; nothing is correct because of them. Two holders at once cost a second download and no more.
 */
export async function acquireLock(
  context: StoreContext,
  name: string,
  done: () => boolean,
  op?: Op,
): Promise<AsyncDisposable | undefined> {
  const path = join(context.layout.locks, name);
  const mine: OwnerFile = { schemaVersion: 1, id: randomName(), owner: currentProcess(), digests: [] };
  const patience = observe(context, path, mine.owner, op);
  for (;;) {
    op?.signal?.throwIfAborted();
    if (done()) return undefined;
    try {
      createOwnerFile(context.fileSystem, path, mine);
      return hold(context, path, mine.id, op);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw storeFault(error, 'write', `lock ${name}`);
    }
    if (!patience.holderLives()) takeAway(context, path, patience.last());
    else await patience.pause();
  }
}

/** Waits until nobody who lives holds the lock `name`. One look when nobody does. */
export async function waitForLock(context: StoreContext, name: string, op?: Op): Promise<void> {
  const path = join(context.layout.locks, name);
  const patience = observe(context, path, currentProcess(), op);
  while (context.fileSystem.lstat(path) !== undefined && patience.holderLives()) {
    op?.signal?.throwIfAborted();
    await patience.pause();
  }
}

function hold(context: StoreContext, path: string, id: string, op: Op | undefined): AsyncDisposable {
  const mine = context.fileSystem.lstat(path)?.ino;
  heldHere.add(id);
  const heartbeat = setInterval(
    () => {
      try {
        context.fileSystem.touch(path, context.clock.now());
      } catch {
        // Taken over, or the disk failed: whoever waits will see silence, and the work itself reports failures.
      }
    },
    coreLimits(op, 'lockHeartbeat'),
  );
  heartbeat.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(heartbeat);
      heldHere.delete(id);
      if (context.fileSystem.lstat(path)?.ino === mine) removeQuietly(context.fileSystem, path);
    },
  };
}

interface Patience {
  holderLives(): boolean;
  last(): OwnerFile | undefined;
  pause(): Promise<void>;
}

/**
 * Watches a lock file. Silence is measured by this process's own monotonic clock against changes of the file, never by
 * comparing clocks: neither a clock that jumps nor a file server with another time makes a holder look dead.
 */
function observe(context: StoreContext, path: string, self: ProcessIdentity, op: Op | undefined): Patience {
  let seen = '';
  let since = context.clock.monotonic();
  let content: OwnerFile | undefined;
  let wait = 1;
  return {
    holderLives: () => {
      const stats = context.fileSystem.lstat(path);
      if (stats === undefined) return true;
      content = readOwnerFile(context.fileSystem, path);
      if (content !== undefined && isAbandoned(content, self)) return false;
      const state = `${content?.id ?? ''} ${stats.ino} ${stats.mtimeMs}`;
      if (state !== seen) {
        seen = state;
        since = context.clock.monotonic();
      }
      return context.clock.monotonic() - since < coreLimits(op, 'lockStale');
    },
    last: () => content,
    pause: async () => {
      await context.clock.sleep(wait, op?.signal);
      wait = Math.min(wait * 2, coreLimits(op, 'lockPoll'));
    },
  };
}

function isAbandoned({ id, owner }: OwnerFile, self: ProcessIdentity): boolean {
  return isGone(owner, self) || (isSameProcess(owner, self) && !heldHere.has(id));
}

/** Renames the lock of a dead owner away, so that one of several takers wins; puts back what was not judged. */
function takeAway(context: StoreContext, path: string, judged: OwnerFile | undefined): void {
  const aside = `${path}.${randomName()}`;
  try {
    context.fileSystem.rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw storeFault(error, 'write', 'lock');
  }
  if (readOwnerFile(context.fileSystem, aside)?.id !== judged?.id) {
    try {
      context.fileSystem.link(aside, path);
    } catch {
      // Somebody took it in between. Two holders are harmless.
    }
  }
  removeQuietly(context.fileSystem, aside);
}
