import { join } from 'node:path';
import {
  type Descriptor,
  type Digest,
  digestAlgorithm,
  digestHex,
  isGantryError,
  type Op,
  ociError,
  verifiedStream,
} from '@gantry/oci';
import { errorCode, randomName } from '../files/durable.ts';
import { openFlags } from '../files/file-system.ts';
import type { StoreContext } from './store-context.ts';
import { storeFault } from './store-fault.ts';
import { checkDigest } from './store-layout.ts';

const CHUNK = 256 * 1024;

/** Whether a blob of this digest and size is here. Its bytes are checked when they are read. */
export function isStored(context: StoreContext, what: Descriptor): boolean {
  checkDigest(what);
  const stats = context.fileSystem.lstat(context.layout.blob(what.digest));
  return stats?.isFile() === true && stats.size === what.size;
}

/**
 * Opens a blob for reading. Throws `CONTENT_NOT_FOUND`; `CONTENT_DIGEST_MISMATCH` when something that is not a regular
 * file is in its place (which goes to quarantine); `STORE_IO`.
 */
export function openBlob(context: StoreContext, what: Descriptor): { readonly fd: number; readonly size: number } {
  checkDigest(what);
  const path = context.layout.blob(what.digest);
  try {
    const stats = context.fileSystem.lstat(path);
    if (stats === undefined) {
      throw ociError('CONTENT_NOT_FOUND', `${what.digest} is not in the store`, { details: { digest: what.digest } });
    }
    if (!stats.isFile()) {
      quarantineBlob(context, what.digest);
      throw ociError('CONTENT_DIGEST_MISMATCH', `${what.digest} in the store is not a regular file`, {
        details: { digest: what.digest },
      });
    }
    return { fd: context.fileSystem.open(path, openFlags.read), size: stats.size };
  } catch (error) {
    throw storeFault(error, 'read', what.digest);
  }
}

/**
 * Reads a blob and hashes it again. A damaged one goes to quarantine and the reader gets `CONTENT_DIGEST_MISMATCH`;
 * a sound one of another size than the descriptor's stays and is `CONTENT_SIZE_MISMATCH`.
 */
export async function* readBlob(
  context: StoreContext,
  what: Descriptor,
  op?: Op,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { fd, size } = openBlob(context, what);
  try {
    const found: Descriptor = { ...what, size };
    const chunks = verifiedStream(found, fileChunks(context, fd, what.digest), op, 'the store');
    if (size === what.size) {
      yield* chunks;
      return;
    }
    for await (const _ of chunks);
    throw ociError(
      'CONTENT_SIZE_MISMATCH',
      `expected ${what.size} bytes of ${what.digest}, found ${size} in the store`,
      {
        details: { digest: what.digest, expected: what.size, found: size },
      },
    );
  } catch (error) {
    if (isDamage(error, what, size)) quarantineBlob(context, what.digest);
    throw error;
  } finally {
    context.fileSystem.close(fd);
  }
}

/** Moves a blob out of the way, keeping it for whoever wants to know. On a read-only store it stays, and stays refused. */
export function quarantineBlob(context: StoreContext, digest: Digest): void {
  const name = randomName(`${digestAlgorithm(digest)}-${digestHex(digest)}-`);
  try {
    context.fileSystem.rename(context.layout.blob(digest), join(context.layout.quarantine, name));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

function isDamage(error: unknown, what: Descriptor, size: number): boolean {
  if (!isGantryError(error)) return false;
  if (error.code === 'CONTENT_DIGEST_MISMATCH') return true;
  return error.code === 'CONTENT_SIZE_MISMATCH' && size === what.size;
}

async function* fileChunks(context: StoreContext, fd: number, subject: string): AsyncGenerator<Uint8Array> {
  try {
    for (let position = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const count = await context.fileSystem.readAsync(fd, chunk, position);
      if (count === 0) return;
      position += count;
      yield chunk.subarray(0, count);
    }
  } catch (error) {
    throw storeFault(error, 'read', subject);
  }
}
