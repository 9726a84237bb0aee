import { type Environment, systemEnvironment } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { type FileSystem, systemFileSystem } from '../files/file-system.ts';
import { requirePrivate } from '../files/private-directory.ts';
import type { DiskStore } from './content-store.ts';
import { startIngest } from './disk-ingest.ts';
import { createFetcher } from './fetcher.ts';
import { takeLease } from './lease.ts';
import { listBlobs, pruneBlobs, sweep, verifyBlobs } from './store-care.ts';
import type { StoreContext } from './store-context.ts';
import { storeFault } from './store-fault.ts';
import { createLayout, storeLayout } from './store-layout.ts';
import { isStored, quarantineBlob, readBlob } from './stored-blob.ts';

/** Where a store's failures can be put by a test. */
export interface StoreOptions {
  readonly fileSystem?: FileSystem;
  readonly environment?: Pick<Environment, 'now' | 'monotonic' | 'sleep'>;
}

/**
 * Opens the content store in a directory, which need not exist: it is created by the first write, so that a store that
 * cannot be written still serves what is in it. Opening looks at the directories from here to the root and at nothing
 * else. Throws `STORE_UNSAFE` when somebody else could write the store, `STORE_IO`.
 */
export function openStore(directory: string, options: StoreOptions = {}): DiskStore {
  const fileSystem = options.fileSystem ?? systemFileSystem;
  const clock = options.environment ?? systemEnvironment();
  const root = privateRoot(fileSystem, directory);
  const layout = storeLayout(root);
  let prepared = false;
  const context: StoreContext = {
    fileSystem,
    clock,
    layout,
    prepare: () => {
      if (prepared) return;
      try {
        createLayout(fileSystem, layout);
        // SAFETY E7: in a directory such as /tmp somebody else may have made it between the look and the first write.
        if (requirePrivate(fileSystem, layout.blobs) !== layout.blobs) {
          throw coreError('STORE_UNSAFE', `${root} is not private: a link has taken its place`, { details: { root } });
        }
      } catch (error) {
        throw storeFault(error, 'write', root);
      }
      sweep(context);
      prepared = true;
    },
  };
  const fetcher = createFetcher(context);
  return {
    directory: root,
    open: (what, op) => readBlob(context, what, op),
    has: async (what) => isStored(context, what),
    ingest: async (what, op) => startIngest(context, what, op),
    fetch: fetcher.fetch,
    supply: fetcher.supply,
    quarantine: (what) => quarantineBlob(context, what.digest),
    lease: (digests, op) => takeLease(context, digests, op),
    list: (op) => listBlobs(context, op),
    verify: (op) => verifyBlobs(context, op),
    prune: (keep, op) => pruneBlobs(context, keep, op),
    [Symbol.asyncDispose]: async () => {},
  };
}

function privateRoot(fileSystem: FileSystem, directory: string): string {
  try {
    return requirePrivate(fileSystem, directory);
  } catch (error) {
    throw storeFault(error, 'read', directory);
  }
}
