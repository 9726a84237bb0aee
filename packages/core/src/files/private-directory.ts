import type { Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { coreError } from '../core-errors.ts';
import { errorCode } from './durable.ts';
import type { FileSystem } from './file-system.ts';

/**
 * The real path of a directory that need not exist yet, after checking that nobody else can write it or replace it:
 * it and every directory above it belong to this user or to root and are not writable by group or others. A sticky
 * directory such as /tmp may stand above it. A group of the user's own (same number as the user) counts as the user.
 * Throws `STORE_UNSAFE`. Windows, where modes say nothing, is not checked.
 */
export function requirePrivate(fileSystem: FileSystem, path: string): string {
  const real = realDirectory(fileSystem, resolve(path));
  if (process.getuid === undefined) return real;
  const owner = process.getuid();
  for (let at = real; ; at = dirname(at)) {
    const stats = fileSystem.lstat(at);
    if (stats !== undefined) {
      const danger = whoCanWrite(stats, owner, at !== real);
      if (danger !== undefined) {
        throw coreError('STORE_UNSAFE', `${real} is not private: ${at} ${danger}`, {
          details: { directory: real, unsafe: at, mode: (stats.mode & 0o7777).toString(8) },
        });
      }
    }
    if (dirname(at) === at) return real;
  }
}

function whoCanWrite(stats: Stats, owner: number, above: boolean): string | undefined {
  if (!stats.isDirectory()) return 'is not a directory';
  if (stats.uid !== owner && stats.uid !== 0) return `belongs to user ${stats.uid}`;
  if (above && (stats.mode & 0o1000) !== 0) return undefined;
  if ((stats.mode & 0o002) !== 0) return 'can be written by everybody';
  const ownGroup = owner !== 0 && stats.gid === owner && process.getgid?.() === owner;
  if ((stats.mode & 0o020) !== 0 && !ownGroup) return `can be written by group ${stats.gid}`;
  return undefined;
}

function realDirectory(fileSystem: FileSystem, path: string): string {
  try {
    return fileSystem.realpath(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return join(realDirectory(fileSystem, dirname(path)), basename(path));
  }
}
