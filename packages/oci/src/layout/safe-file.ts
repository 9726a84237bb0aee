import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import type { GantryError } from '../errors.ts';
import { escapeRemote } from '../escape.ts';
import { ociError } from '../oci-errors.ts';

const CHUNK = 256 * 1024;

/** Whether an error is the file system's, with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** Runs something that writes; what the file system refuses becomes `CONTENT_LAYOUT_WRITE`, every other error passes. */
export async function writing<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    // The content being written may fail as well, on a socket for example; that is not the layout's fault.
    const ours = error instanceof Error && 'syscall' in error && !['connect', 'read'].includes(String(error.syscall));
    if (!ours || !('code' in error)) throw error;
    throw ociError('CONTENT_LAYOUT_WRITE', `${name} cannot be written: ${String(error.code)}`, { cause: error });
  }
}

/** A `CONTENT_LAYOUT_INVALID` about a path inside a layout. */
export function unsafe(path: string, message: string, cause?: unknown): GantryError {
  return ociError('CONTENT_LAYOUT_INVALID', `${escapeRemote(path, 400)} ${message}`, { cause });
}

/**
 * Opens a plain file for reading. Never follows a link in the last component and never waits for a FIFO (B12).
 * Undefined when there is nothing. Throws `CONTENT_LAYOUT_INVALID` for anything but a plain file.
 */
export async function openPlainFile(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (hasCode(error, 'ELOOP', 'EMLINK', 'ENXIO')) throw unsafe(path, 'is no plain file', error);
    throw unsafe(path, 'cannot be read', error);
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw unsafe(path, 'is no plain file');
}

/** Reads a plain file to its end, piece by piece. Closes it whatever happens. */
export async function* readPlainFile(handle: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Reads a small plain file whole, at most `limit` bytes. Undefined when there is nothing. Throws `CONTENT_LIMIT`. */
export async function readSmallFile(path: string, limit: number): Promise<Uint8Array | undefined> {
  const handle = await openPlainFile(path);
  if (handle === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  let done = 0;
  for await (const chunk of readPlainFile(handle)) {
    done += chunk.length;
    if (done > limit) {
      throw ociError('CONTENT_LIMIT', `${escapeRemote(path, 400)} has more than ${limit} bytes`, {
        details: { limit: 'manifestBytes', expected: limit },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Size of a plain file, undefined when there is nothing. Throws `CONTENT_LAYOUT_INVALID` for anything else. */
export async function plainFileSize(path: string): Promise<number | undefined> {
  try {
    const stat = await lstat(path);
    if (stat.isFile()) return stat.size;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw unsafe(path, 'cannot be read', error);
  }
  throw unsafe(path, 'is no plain file');
}

/** Makes sure that a directory, if it is there, is one and not a link to one. */
export async function checkPlainDirectory(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isDirectory()) return;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw unsafe(path, 'cannot be read', error);
  }
  throw unsafe(path, 'is no plain directory');
}
