import { join } from 'node:path';
import { type Digest, isDigest, isGantryError, type Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { randomName, removeQuietly } from '../files/durable.ts';
import { createOwnerFile, readOwnerFile } from './owner-file.ts';
import { currentProcess, isGone } from './process-identity.ts';
import type { StoreContext } from './store-context.ts';
import { storeFault } from './store-fault.ts';
import { waitForLock } from './store-lock.ts';

/** What reading leases needs; the plugin root keeps leases of its own. */
export interface LeaseContext {
  readonly fileSystem: StoreContext['fileSystem'];
  readonly clock: Pick<StoreContext['clock'], 'now'>;
  readonly layout: { readonly leases: string };
}

/** Held by a running `prune`; leases wait for its end, so that it has seen every lease that counts. */
export const PRUNE_LOCK = 'prune';

/**
 * Keeps digests from being pruned until disposed. Written before it waits for a running prune: whichever of the two came
 * first, the other has seen it.
 */
export async function takeLease(context: StoreContext, digests: readonly Digest[], op?: Op): Promise<AsyncDisposable> {
  const path = join(context.layout.leases, randomName());
  try {
    context.prepare();
    createOwnerFile(context.fileSystem, path, { schemaVersion: 1, id: randomName(), owner: currentProcess(), digests });
  } catch (error) {
    const fault = storeFault(error, 'write', 'a lease');
    // What cannot be written cannot be pruned either.
    if (isGantryError(fault) && fault.code === 'STORE_READ_ONLY') return { [Symbol.asyncDispose]: async () => {} };
    throw fault;
  }
  const heartbeat = setInterval(
    () => {
      try {
        context.fileSystem.touch(path, context.clock.now());
      } catch {
        // Its owner lives, which counts for as much on this host.
      }
    },
    coreLimits(op, 'leaseHeartbeat'),
  );
  heartbeat.unref();
  const release = async (): Promise<void> => {
    clearInterval(heartbeat);
    removeQuietly(context.fileSystem, path);
  };
  try {
    await waitForLock(context, PRUNE_LOCK, op);
  } catch (error) {
    await release();
    throw error;
  }
  return { [Symbol.asyncDispose]: release };
}

/**
 * The digests under a lease whose owner may still live; leases of dead owners are removed.
 * An owner on another host counts as alive as long as it renewed the lease within `leaseAge`.
 */
export function leasedDigests(context: LeaseContext, op?: Op): Set<Digest> {
  const { fileSystem, layout, clock } = context;
  const leased = new Set<Digest>();
  for (const name of fileSystem.list(layout.leases)) {
    const path = join(layout.leases, name);
    const stats = fileSystem.lstat(path);
    if (stats === undefined) continue;
    const content = readOwnerFile(fileSystem, path);
    const silent = clock.now() - stats.mtimeMs > coreLimits(op, 'leaseAge');
    const local = content?.owner.host === currentProcess().host;
    if (content === undefined ? silent : local ? isGone(content.owner, currentProcess()) : silent) {
      removeQuietly(fileSystem, path);
      continue;
    }
    for (const digest of content?.digests ?? []) if (isDigest(digest)) leased.add(digest);
  }
  return leased;
}
