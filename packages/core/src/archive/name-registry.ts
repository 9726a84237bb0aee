import type { Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { entryFault, limitFault } from './archive-fault.ts';
import { foldPath } from './entry-path.ts';

/** What a name in an archive is so far. */
export type NameKind = 'directory' | 'file' | 'link';

/** The names of one archive, with the directories that they imply. */
export interface NameRegistry {
  /**
   * Enters a name and, through `imply`, every directory above it that was not there yet. False when it is a directory
   * that is there already. Throws `ARCHIVE_COLLISION` when something else is in its place, `ARCHIVE_UNSAFE_LINK` when it
   * stands below a link, `ARCHIVE_LIMIT` when there are more than `archiveEntries`.
   */
  add(path: string, kind: NameKind, imply: (directory: string) => void): boolean;
  /** Counts an entry that has no name of its own in the tree. */
  count(): void;
}

/** Starts with the root. With `portable`, names collide that only differ in ways some file system ignores. */
export function createNameRegistry(portable: boolean, op?: Op): NameRegistry {
  const limit = coreLimits(op, 'archiveEntries');
  const names = new Map<string, NameKind>([['', 'directory']]);
  const folded = new Map<string, string>();
  let entries = 0;
  let knownParent = '';

  const count = (): void => {
    entries += 1;
    if (entries > limit) throw limitFault('archiveEntries', limit, entries);
  };

  const enter = (path: string, kind: NameKind): void => {
    count();
    names.set(path, kind);
    if (!portable) return;
    const key = foldPath(path);
    const other = folded.get(key);
    if (other !== undefined) {
      throw entryFault('ARCHIVE_COLLISION', path, 'is the same file as another entry on some systems', { other });
    }
    folded.set(key, path);
  };

  const enterParent = (path: string, imply: (directory: string) => void): void => {
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? '' : path.slice(0, slash);
    if (parent === knownParent) return;
    const kind = names.get(parent);
    if (kind === 'link') throw entryFault('ARCHIVE_UNSAFE_LINK', path, 'stands below a link of the same archive');
    if (kind === 'file') throw entryFault('ARCHIVE_COLLISION', path, 'stands below a file of the same archive');
    if (kind === undefined) {
      enterParent(parent, imply);
      enter(parent, 'directory');
      imply(parent);
    }
    knownParent = parent;
  };

  return {
    count,
    add: (path, kind, imply) => {
      if (path === '') {
        count();
        return false;
      }
      enterParent(path, imply);
      const before = names.get(path);
      if (before === 'directory' && kind === 'directory') {
        count();
        return false;
      }
      if (before !== undefined) throw entryFault('ARCHIVE_COLLISION', path, 'is in the archive twice');
      enter(path, kind);
      return true;
    },
  };
}
