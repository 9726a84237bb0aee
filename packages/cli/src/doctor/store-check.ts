import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DiskStore, openStore } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { formatBytes } from '../output/quantity.ts';
import { type Check, failed, ok } from './check.ts';

/** Below it a plugin of usual size may not fit. */
const LITTLE_SPACE = 256 * 1024 * 1024;

/**
 * Whether the content store is safe, can be written and has space, and what is in it. Its bytes are not hashed. `canWrite`
 * tells whether something can be made in a place; a test that runs as root has no place where it cannot.
 */
export async function checkStore(
  directory: string,
  op: Op,
  canWrite: (place: string) => Promise<boolean> = isWritableDirectory,
): Promise<Check[]> {
  let store: DiskStore;
  try {
    store = openStore(directory);
  } catch (error) {
    return [failed('store', error)];
  }
  try {
    return [await countBlobs(store, op), await checkSpace(store.directory, canWrite)];
  } catch (error) {
    op.signal?.throwIfAborted();
    return [failed('store', error, store.directory)];
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

async function countBlobs(store: DiskStore, op: Op): Promise<Check> {
  let [blobs, bytes] = [0, 0];
  for await (const { size } of store.list(op)) {
    blobs += 1;
    bytes += size;
  }
  const damaged = await readdir(join(store.directory, 'v1', 'quarantine')).catch((): string[] => []);
  const message = `${blobs} blobs, ${formatBytes(bytes)} in ${store.directory}`;
  if (damaged.length === 0) return ok('store', message);
  return {
    check: 'store',
    state: 'warning',
    message: `${message}; ${damaged.length} were damaged and put aside`,
    hint: 'check the disk, then run gantry cache verify',
  };
}

/** Looks at the store, or at what stands above it while it has not been made. */
async function checkSpace(directory: string, canWrite: (place: string) => Promise<boolean>): Promise<Check> {
  const place = await nearestExisting(directory);
  if (!(await canWrite(place))) {
    return {
      check: 'store',
      state: 'problem',
      message: `${place} cannot be written: nothing new can be installed`,
      hint: 'set GANTRY_HOME to a directory that can be written',
    };
  }
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const message = `${formatBytes(free)} free at ${place}`;
  if (free >= LITTLE_SPACE) return ok('store', message);
  return {
    check: 'store',
    state: 'warning',
    message: `only ${message}`,
    hint: 'free some space; gantry cache prune removes what is not in use',
  };
}

async function isWritableDirectory(place: string): Promise<boolean> {
  const writable = await access(place, constants.W_OK).then(
    () => true,
    () => false,
  );
  return writable && (await stat(place)).isDirectory();
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists || dirname(path) === path ? path : nearestExisting(dirname(path));
}
