import { existsSync, mkdirSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileSystem } from '@gantry/core';

/** A file system that can lose what was not synced. */
export interface ForgetfulFileSystem extends FileSystem {
  /** The power fails: data and names that were not synced are gone. Use another file system afterwards. */
  losePower(): void;
}

interface NameChange {
  /** Directories of which any, when synced, makes the change durable. */
  readonly directories: readonly string[];
  readonly undo: () => void;
}

interface OpenedFile {
  path: string;
}

/**
 * Wraps a file system on a real directory as the strictest disk: file data survives {@link ForgetfulFileSystem.losePower}
 * up to the last sync of the file, a name only when its directory was synced after it appeared, vanished or moved.
 * `attic` is an empty directory on the same disk, outside what is tested, for what was replaced or removed.
 */
export function forgetfulFileSystem(inner: FileSystem, attic: string): ForgetfulFileSystem {
  const opened = new Map<number, OpenedFile>();
  const durableSize = new Map<string, number>();
  let changes: NameChange[] = [];
  let kept = 0;

  const keep = (path: string): (() => void) => {
    if (inner.lstat(path) === undefined) return () => {};
    kept += 1;
    const copy = join(attic, String(kept));
    renameSync(path, copy);
    return () => renameSync(copy, path);
  };
  const changed = (directories: readonly string[], undo: () => void): void => {
    changes.push({ directories, undo });
  };
  const synced = (fd: number): void => {
    const path = opened.get(fd)?.path;
    if (path === undefined) return;
    changes = changes.filter(({ directories }) => !directories.includes(path));
    if (durableSize.has(path)) durableSize.set(path, statSync(path).size);
  };
  const moveSizes = (from: string, to: string): void => {
    for (const [path, size] of [...durableSize]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      durableSize.delete(path);
      durableSize.set(to + path.slice(from.length), size);
    }
    for (const file of opened.values()) {
      if (file.path === from || file.path.startsWith(`${from}/`)) {
        file.path = to + file.path.slice(from.length);
      }
    }
  };
  const appeared = (path: string): void =>
    changed([dirname(path)], () => rmSync(path, { recursive: true, force: true }));

  return {
    ...inner,
    open: (path, flags, mode) => {
      const isNew = inner.lstat(path) === undefined;
      const fd = inner.open(path, flags, mode);
      opened.set(fd, { path });
      if (isNew) {
        appeared(path);
        durableSize.set(path, 0);
      }
      return fd;
    },
    close: (fd) => {
      opened.delete(fd);
      inner.close(fd);
    },
    sync: (fd) => {
      inner.sync(fd);
      synced(fd);
    },
    syncAsync: async (fd) => {
      await inner.syncAsync(fd);
      synced(fd);
    },
    mkdir: (path, mode) => {
      inner.mkdir(path, mode);
      appeared(path);
    },
    rename: (from, to) => {
      const replaced = inner.lstat(to)?.isFile() ? keep(to) : () => {};
      inner.rename(from, to);
      moveSizes(from, to);
      changed([dirname(from), dirname(to)], () => {
        if (existsSync(to)) renameSync(to, from);
        replaced();
      });
    },
    link: (existing, path) => {
      inner.link(existing, path);
      appeared(path);
    },
    symlink: (target, path) => {
      inner.symlink(target, path);
      appeared(path);
    },
    copy: (from, to) => {
      inner.copy(from, to);
      appeared(to);
      durableSize.set(to, 0);
    },
    unlink: (path) => {
      if (inner.lstat(path) === undefined) return inner.unlink(path);
      changed([dirname(path)], keep(path));
    },
    rmdir: (path) => {
      inner.rmdir(path);
      changed([dirname(path)], () => mkdirSync(path));
    },
    removeTree: (path) => changed([dirname(path)], keep(path)),
    losePower: () => {
      for (const [path, size] of durableSize) {
        if (inner.lstat(path)?.isFile() && statSync(path).size > size) truncateSync(path, size);
      }
      for (const change of changes.reverse()) change.undo();
      changes = [];
    },
  };
}
