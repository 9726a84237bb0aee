import { dirname, join } from 'node:path';
import { createHasher, type Descriptor, digestAlgorithm, type Op, ociError, ociLimits } from '@gantry/oci';
import { errorCode, randomName, removeQuietly, syncDirectory } from '../files/durable.ts';
import { openFlags } from '../files/file-system.ts';
import type { Ingest } from './content-store.ts';
import type { StoreContext } from './store-context.ts';
import { storeFault } from './store-fault.ts';
import { BLOB_MODE, checkDigest, createShard } from './store-layout.ts';
import { isStored } from './stored-blob.ts';

/** An ingest with the file that it writes, which can be read meanwhile. */
export interface DiskIngest extends Ingest {
  readonly path: string;
  /** Bytes written so far. */
  readonly written: number;
}

/** Starts writing a blob. Throws `CONTENT_LIMIT`, `STORE_READ_ONLY`, `STORE_FULL`, `STORE_IO`. */
export function startIngest(context: StoreContext, what: Descriptor, op?: Op): DiskIngest {
  checkDigest(what);
  const limit = ociLimits(op, 'blobBytes');
  if (what.size > limit) {
    throw ociError('CONTENT_LIMIT', `${what.digest} has ${what.size} bytes, more than ${limit} (blobBytes)`, {
      details: { digest: what.digest, limit: 'blobBytes', expected: limit, found: what.size },
    });
  }
  context.prepare();
  const { fileSystem, layout } = context;
  const path = join(layout.ingest, randomName());
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeFault(error, 'write', what.digest);
    }
  };
  const fd = guard(() => fileSystem.open(path, openFlags.create, BLOB_MODE));
  fileSystem.reached('store.ingest.created');
  const hasher = createHasher(digestAlgorithm(what.digest));
  let written = 0;
  let state: 'writing' | 'closed' | 'done' = 'writing';

  const close = (): void => {
    if (state !== 'writing') return;
    state = 'closed';
    fileSystem.close(fd);
  };
  const check = (): void => {
    if (written !== what.size) throw sizeMismatch(what, String(written));
    const found = hasher.digest();
    if (found === what.digest) return;
    throw ociError('CONTENT_DIGEST_MISMATCH', `expected ${what.digest}, found ${found}; nothing was stored`, {
      details: { expected: what.digest, found, size: what.size },
    });
  };
  const publish = (): void => {
    const target = layout.blob(what.digest);
    if (isStored(context, what)) {
      removeQuietly(fileSystem, path);
      return;
    }
    try {
      fileSystem.rename(path, target);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      createShard(fileSystem, dirname(target));
      fileSystem.rename(path, target);
    }
    fileSystem.reached('store.commit.renamed');
    syncDirectory(fileSystem, dirname(target));
  };

  return {
    path,
    get written() {
      return written;
    },
    write: async (chunk) => {
      if (written + chunk.length > what.size) throw sizeMismatch(what, `at least ${written + chunk.length}`);
      hasher.update(chunk);
      try {
        await fileSystem.writeAsync(fd, chunk);
      } catch (error) {
        throw storeFault(error, 'write', what.digest);
      }
      written += chunk.length;
    },
    commit: async () => {
      check();
      fileSystem.reached('store.ingest.written');
      try {
        await fileSystem.syncAsync(fd);
        fileSystem.reached('store.commit.synced');
        close();
        publish();
      } catch (error) {
        throw storeFault(error, 'write', what.digest);
      }
      state = 'done';
      fileSystem.reached('store.commit.done');
    },
    [Symbol.asyncDispose]: async () => {
      if (state === 'done') return;
      try {
        close();
      } catch {
        // The failure that brought us here is the one to report.
      }
      removeQuietly(fileSystem, path);
    },
  };
}

function sizeMismatch(what: Descriptor, found: string): Error {
  return ociError('CONTENT_SIZE_MISMATCH', `expected ${what.size} bytes of ${what.digest}, found ${found}`, {
    details: { digest: what.digest, expected: what.size, found },
  });
}
