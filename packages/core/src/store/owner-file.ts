import { coreLimits } from '../core-limits.ts';
import { errorCode, removeQuietly } from '../files/durable.ts';
import { type FileSystem, openFlags } from '../files/file-system.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What stands in a lock or lease file. `id` tells two files of the same owner apart. */
export interface OwnerFile {
  readonly schemaVersion: 1;
  readonly id: string;
  readonly owner: ProcessIdentity;
  readonly digests: readonly string[];
}

/** Creates the file; throws `EEXIST` when it is there. */
export function createOwnerFile(fileSystem: FileSystem, path: string, content: OwnerFile): void {
  const fd = fileSystem.open(path, openFlags.create, 0o600);
  try {
    try {
      fileSystem.write(fd, Buffer.from(JSON.stringify(content)));
    } finally {
      fileSystem.close(fd);
    }
  } catch (error) {
    removeQuietly(fileSystem, path);
    throw error;
  }
}

/** Reads one back; undefined when it is gone, half written, or of another version: then only its age speaks. */
export function readOwnerFile(fileSystem: FileSystem, path: string): OwnerFile | undefined {
  try {
    const fd = fileSystem.open(path, openFlags.read);
    try {
      const { size } = fileSystem.stat(fd);
      if (size > coreLimits(undefined, 'ownerBytes')) return undefined;
      const bytes = Buffer.alloc(size);
      const count = fileSystem.read(fd, bytes, 0);
      const value: unknown = JSON.parse(bytes.toString('utf8', 0, count));
      return isOwnerFile(value) ? value : undefined;
    } finally {
      fileSystem.close(fd);
    }
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) !== undefined) return undefined;
    throw error;
  }
}

function isOwnerFile(value: unknown): value is OwnerFile {
  if (typeof value !== 'object' || value === null) return false;
  const { schemaVersion, id, owner, digests } = value as Partial<Record<keyof OwnerFile, unknown>>;
  if (schemaVersion !== 1 || typeof id !== 'string' || typeof owner !== 'object' || owner === null) return false;
  const { host, pid, start, boot } = owner as Partial<Record<keyof ProcessIdentity, unknown>>;
  return (
    [host, start, boot].every((text) => typeof text === 'string') &&
    typeof pid === 'number' &&
    Array.isArray(digests) &&
    digests.every((digest) => typeof digest === 'string')
  );
}
