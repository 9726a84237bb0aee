import { join } from 'node:path';
import { type Digest, isDigest, isGantryError, MediaType, type Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { errorCode } from '../files/durable.ts';
import type { StoredBlob } from './content-store.ts';
import { leasedDigests, PRUNE_LOCK } from './lease.ts';
import type { StoreContext } from './store-context.ts';
import { storeFault } from './store-fault.ts';
import { acquireLock } from './store-lock.ts';
import { readBlob } from './stored-blob.ts';

/** Every blob, by digest. Names that are no digest are not ours and are left out. */
export async function* listBlobs(context: StoreContext, op?: Op): AsyncGenerator<StoredBlob> {
  const { fileSystem, layout } = context;
  for (const algorithm of ['sha256', 'sha512']) {
    for (const shard of namesIn(context, join(layout.blobs, algorithm))) {
      for (const hex of namesIn(context, join(layout.blobs, algorithm, shard))) {
        op?.signal?.throwIfAborted();
        const digest = `${algorithm}:${hex}`;
        if (!isDigest(digest) || !hex.startsWith(shard)) continue;
        const stats = fileSystem.lstat(layout.blob(digest));
        if (stats !== undefined) yield { digest, size: stats.size, modified: stats.mtimeMs };
      }
    }
  }
}

/** Hashes every blob; `readBlob` quarantines the damaged ones. */
export async function verifyBlobs(
  context: StoreContext,
  op?: Op,
): Promise<{ checked: number; damaged: Digest[]; quarantined: string }> {
  let checked = 0;
  const damaged: Digest[] = [];
  for await (const { digest, size } of listBlobs(context, op)) {
    checked += 1;
    try {
      for await (const _ of readBlob(context, { mediaType: MediaType.octetStream, digest, size }, op));
    } catch (error) {
      if (!isGantryError(error)) throw error;
      if (error.code === 'CONTENT_DIGEST_MISMATCH' || error.code === 'CONTENT_SIZE_MISMATCH') damaged.push(digest);
      else if (error.code !== 'CONTENT_NOT_FOUND') throw error;
    }
  }
  return { checked, damaged, quarantined: context.layout.quarantine };
}

/** Removes blobs that nobody keeps, leases or used lately, and litter of crashes. */
export async function pruneBlobs(
  context: StoreContext,
  keep: () => ReadonlySet<Digest> | Promise<ReadonlySet<Digest>>,
  op?: Op,
): Promise<{ removed: number; freed: number; young: number }> {
  context.prepare();
  await using _lock = await acquireLock(context, PRUNE_LOCK, () => false, op);
  const leased = leasedDigests(context, op);
  const kept = await keep();
  sweep(context, op);
  const youngest = context.clock.now() - coreLimits(op, 'blobAge');
  let removed = 0;
  let freed = 0;
  let young = 0;
  for await (const { digest, size, modified } of listBlobs(context, op)) {
    if (leased.has(digest) || kept.has(digest)) continue;
    if (modified > youngest) {
      young += 1;
      continue;
    }
    if (!remove(context, context.layout.blob(digest))) continue;
    removed += 1;
    freed += size;
  }
  return { removed, freed, young };
}

/** Removes what crashes and quarantine left, once it is older than `stagingAge`. */
export function sweep(context: StoreContext, op?: Op): void {
  const oldest = context.clock.now() - coreLimits(op, 'stagingAge');
  for (const directory of [context.layout.ingest, context.layout.locks, context.layout.quarantine]) {
    for (const name of namesIn(context, directory)) {
      const path = join(directory, name);
      const stats = context.fileSystem.lstat(path);
      if (stats !== undefined && stats.mtimeMs < oldest) remove(context, path);
    }
  }
}

function remove(context: StoreContext, path: string): boolean {
  try {
    context.fileSystem.unlink(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    if (context.fileSystem.lstat(path)?.isDirectory()) {
      context.fileSystem.removeTree(path);
      return true;
    }
    throw storeFault(error, 'write', 'a removal');
  }
}

function namesIn(context: StoreContext, directory: string): string[] {
  try {
    return context.fileSystem.list(directory).sort();
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw storeFault(error, 'read', directory);
  }
}
