import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import type { Installed } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { runtimeError } from './runtime-errors.ts';

const CHUNK = 1024 * 1024;

/** What tells that a file is still the one that was hashed. The change time cannot be set back by its owner. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
}

/** The entry of an installed plugin, open, a regular file inside the plugin's directory. */
export interface EntryFile extends AsyncDisposable {
  readonly path: string;
  readonly size: number;
  readonly identity: FileIdentity;
  /** Hashes the whole file; `RUNTIME_ENTRY_CHANGED` unless it has the receipt's digest. `onChunk` may keep what it gets. */
  verify(onChunk?: (chunk: Uint8Array, position: number) => void, op?: Op): Promise<void>;
}

/**
 * Opens the file that runs. Throws `RUNTIME_ENTRY_INVALID` when there is none, when it is a link or no regular file,
 * or when it lies outside of the directory that the plugin root made for it.
 */
export async function openEntry(installed: Installed): Promise<EntryFile> {
  const { name, path: directory, entry, entryDigest } = installed.facts;
  if (entry === undefined || entryDigest === undefined) {
    throw runtimeError('RUNTIME_ENTRY_INVALID', `${name} has no file that runs`);
  }
  const refuse = (problem: string, cause?: unknown): Error =>
    runtimeError('RUNTIME_ENTRY_INVALID', `${name}: its entry ${problem}`, { details: { entry }, cause });

  const [root, parent] = await Promise.all([realpath(directory), realpath(dirname(entry))]).catch((error) => {
    throw refuse('cannot be found', error);
  });
  const inside = relative(root, parent);
  if (inside === '..' || inside.startsWith(`..${sep}`)) throw refuse('lies outside of its directory');

  // SAFETY I6: no link is followed, and a FIFO cannot make us wait.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(entry, flags).catch((error) => {
    throw refuse('cannot be opened, or is a link', error);
  });
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw refuse('is not a regular file');
    const verify = (onChunk?: (chunk: Uint8Array, position: number) => void, op?: Op): Promise<void> =>
      verifyDigest(handle, installed, onChunk, op);
    return {
      path: entry,
      size: Number(stat.size),
      identity: identityOf(stat),
      verify,
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Throws `RUNTIME_ENTRY_CHANGED` when the file at `path` is not the one that was hashed. */
export function assertUnchanged(name: string, path: string, before: FileIdentity, now: BigIntStats): void {
  const found = identityOf(now);
  if ((Object.keys(before) as (keyof FileIdentity)[]).every((key) => found[key] === before[key])) return;
  throw runtimeError('RUNTIME_ENTRY_CHANGED', `${name}: its entry changed after it was loaded`, {
    details: { entry: path },
  });
}

function identityOf(stat: BigIntStats): FileIdentity {
  return { device: stat.dev, inode: stat.ino, size: stat.size, modified: stat.mtimeNs, changed: stat.ctimeNs };
}

async function verifyDigest(
  handle: FileHandle,
  installed: Installed,
  onChunk: ((chunk: Uint8Array, position: number) => void) | undefined,
  op: Op | undefined,
): Promise<void> {
  const { name, entry, entryDigest } = installed.facts;
  const expected = entryDigest ?? '';
  const hash = createHash(expected.slice(0, expected.indexOf(':')));
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let position = 0; ; ) {
    op?.signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, CHUNK, position);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    onChunk?.(chunk, position);
    position += bytesRead;
  }
  const found = `${expected.slice(0, expected.indexOf(':'))}:${hash.digest('hex')}`;
  if (found === expected) return;
  throw runtimeError('RUNTIME_ENTRY_CHANGED', `${name}: its entry has digest ${found}, its receipt says ${expected}`, {
    details: { entry: entry ?? null, expected, found },
  });
}
