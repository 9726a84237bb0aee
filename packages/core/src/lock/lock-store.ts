import { dirname, join } from 'node:path';
import { isGantryError, type Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import { errorCode, publishFile } from '../files/durable.ts';
import { type FileSystem, systemFileSystem } from '../files/file-system.ts';
import { readRegularFile } from '../install/read-file.ts';
import { encodeLock } from './encode-lock.ts';
import { LOCK_NAME, type Lock } from './lock-file.ts';
import { parseLock } from './parse-lock.ts';

/** Where the lock of a gantry.yaml is: beside it. */
export function lockPath(configFile: string): string {
  return join(dirname(configFile), LOCK_NAME);
}

/**
 * Reads a lock, never through a link; undefined when there is none. Throws `CONFIG_LOCK_INVALID`, `CONFIG_VERSION`,
 * `CONFIG_UNREADABLE`.
 */
export function readLock(path: string, op?: Op, fileSystem: FileSystem = systemFileSystem): Lock | undefined {
  const bytes = readBytes(path, fileSystem, op);
  return bytes === undefined ? undefined : parseLock(path, bytes, op);
}

/**
 * Writes a lock so that after a kill there is the old one or the new one; nothing is written when it says the same
 * already. True when it was written. What is there and is no regular file, a link above all, is refused and left alone.
 * Throws `CONFIG_LOCK_INVALID`, `CONFIG_LOCK_UNWRITABLE`.
 */
export function writeLock(path: string, lock: Lock, op?: Op, fileSystem: FileSystem = systemFileSystem): boolean {
  const bytes = encodeLock(lock);
  const before = readBytes(path, fileSystem, op);
  if (before !== undefined && Buffer.compare(before, bytes) === 0) return false;
  try {
    // SAFETY E10: should a link take the place of the file now, the rename replaces the link and not what it leads to.
    publishFile(fileSystem, path, bytes, (fileSystem.lstat(path)?.mode ?? 0o644) & 0o777);
  } catch (cause) {
    throw coreError('CONFIG_LOCK_UNWRITABLE', `${path}: it cannot be written (${errorCode(cause) ?? String(cause)})`, {
      cause,
      details: { file: path },
    });
  }
  return true;
}

function readBytes(path: string, fileSystem: FileSystem, op?: Op): Uint8Array | undefined {
  try {
    return readRegularFile(fileSystem, path, path, coreLimits(op, 'lockBytes'));
  } catch (cause) {
    if (isGantryError(cause)) {
      throw coreError('CONFIG_LOCK_INVALID', cause.message, { cause, details: { file: path } });
    }
    throw coreError('CONFIG_UNREADABLE', `${path}: it cannot be read (${errorCode(cause) ?? String(cause)})`, {
      cause,
      details: { file: path },
    });
  }
}
