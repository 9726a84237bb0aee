import { constants } from 'node:fs';
import { errorCode, type FileSystem, openFlags, type ProcessIdentity } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';

/** What stands in the files of an installer of ours. */
export interface OwnerRecord {
  readonly schemaVersion: 1;
  /** 32 hex digits that tell this run from every other. */
  readonly id: string;
  readonly owner: ProcessIdentity;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** A lock file or a mark as it was found. `state` changes whenever its owner shows that it lives. */
export type FoundOwner =
  | { readonly type: 'ours'; readonly record: OwnerRecord; readonly state: string }
  /** Python's is empty, TypeScript's is a pid; whatever else has no heartbeat is treated alike. */
  | { readonly type: 'foreign'; readonly pid: number | undefined; readonly state: string; readonly modified: number };

/** A FIFO in the place of the file must not make us wait for a writer. */
const READ = openFlags.read | (constants.O_NONBLOCK ?? 0);

/**
 * One beat of the heart. White space behind the record changes nothing of it, so the length of the file is the counter:
 * it is written through the descriptor of the file that we made, and can never hit a file that somebody else put there.
 */
export const BEAT: Uint8Array = Buffer.from('\n');

/** The bytes of a new record, the counter at its first beat. */
export function encodeOwner(record: OwnerRecord): Uint8Array {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

/** What stands at `path`; undefined when there is nothing. Throws nothing but programming errors. */
export function readOwner(fileSystem: FileSystem, path: string, op?: Op): FoundOwner | undefined {
  const stats = fileSystem.lstat(path);
  if (stats === undefined) return undefined;
  const state = `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
  const text = stats.isFile() && stats.size <= backstageLimits(op, 'rootLockBytes') ? readText(fileSystem, path) : '?';
  if (text === undefined) return undefined;
  const record = parseOwner(text);
  if (record !== undefined) return { type: 'ours', record, state: `${record.id} ${state}` };
  const pid = /^\s*(\d{1,10})\s*$/.exec(text)?.[1];
  return { type: 'foreign', pid: pid === undefined ? undefined : Number(pid), state, modified: stats.mtimeMs };
}

/** Undefined when the file is gone; `?`, which is nobody's content, when it cannot be read. */
function readText(fileSystem: FileSystem, path: string): string | undefined {
  try {
    const fd = fileSystem.open(path, READ);
    try {
      const bytes = Buffer.alloc(fileSystem.stat(fd).size);
      return bytes.toString('utf8', 0, fileSystem.read(fd, bytes, 0));
    } finally {
      fileSystem.close(fd);
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' ? undefined : '?';
  }
}

function parseOwner(text: string): OwnerRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { schemaVersion, id, owner, startedAt } = value as Partial<Record<keyof OwnerRecord, unknown>>;
  if (schemaVersion !== 1 || typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) return undefined;
  if (typeof owner !== 'object' || owner === null || typeof startedAt !== 'string') return undefined;
  const { host, pid, start, boot } = owner as Partial<Record<keyof ProcessIdentity, unknown>>;
  if (typeof host !== 'string' || typeof start !== 'string' || typeof boot !== 'string') return undefined;
  if (typeof pid !== 'number') return undefined;
  return { schemaVersion: 1, id, owner: { host, pid, start, boot }, startedAt };
}
