import { join } from 'node:path';
import type { Digest, Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import { errorCode, randomName, removeQuietly } from '../files/durable.ts';
import { leasedDigests } from '../store/lease.ts';
import { createOwnerFile } from '../store/owner-file.ts';
import { currentProcess } from '../store/process-identity.ts';
import { type RootContext, treeDirectory } from './root-context.ts';

/** Errors that say that this process may not write here: then it cannot collect either, and somebody else decides. */
export const UNWRITABLE: ReadonlySet<string | undefined> = new Set(['EROFS', 'EACCES', 'EPERM']);

/**
 * Keeps content and evidence from being collected until disposed: a lease file, renewed while the process lives. Where the root
 * cannot be written there is none, and nothing happens.
 */
export function holdContent(context: RootContext, digests: readonly Digest[], op?: Op): AsyncDisposable {
  const { fileSystem, clock, paths } = context;
  const path = join(paths.leases, randomName());
  try {
    const owner = currentProcess();
    createOwnerFile(fileSystem, path, { schemaVersion: 1, id: randomName(), owner, digests });
  } catch (error) {
    if (!UNWRITABLE.has(errorCode(error))) throw error;
    return { [Symbol.asyncDispose]: async () => {} };
  }
  const renew = (): void => {
    try {
      fileSystem.touch(path, clock.now());
    } catch {
      // Its owner lives, which counts for as much on this host.
    }
  };
  const heartbeat = setInterval(renew, coreLimits(op, 'leaseHeartbeat'));
  heartbeat.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(heartbeat);
      removeQuietly(fileSystem, path);
    },
  };
}

/** As {@link holdContent}, for content that is installed; `INSTALL_DAMAGED` when it is not there (any more). */
export async function holdInstalled(context: RootContext, name: string, manifest: Digest): Promise<AsyncDisposable> {
  const held = holdContent(context, [manifest]);
  if (context.fileSystem.lstat(treeDirectory(context, manifest))?.isDirectory()) return held;
  await held[Symbol.asyncDispose]();
  throw coreError('INSTALL_DAMAGED', `the files of ${name} (${manifest}) are not there`, {
    details: { name, manifest },
  });
}

/** Contents that somebody holds who may still be alive. */
export function heldContents(context: RootContext, op?: Op): Set<Digest> {
  const { fileSystem, clock, paths } = context;
  return leasedDigests({ fileSystem, clock, layout: paths }, op);
}
