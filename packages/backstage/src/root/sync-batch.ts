import { join } from 'node:path';
import { type FileSystem, syncTree } from '@gantry/core';

/**
 * Makes trees durable, those that are waited for at the same time with one sync of the file system. Each call returns when
 * everything that was written before it survives a loss of power.
 */
export function openSyncBatch(fileSystem: FileSystem): (tree: string) => Promise<void> {
  let running: Promise<boolean> = Promise.resolve(true);
  let next: Promise<boolean> | undefined;
  return async (tree) => {
    // One that runs already may have passed by what was written last.
    next ??= running
      .catch(() => false)
      .then(() => {
        const started = fileSystem.syncVolume(tree);
        running = started;
        next = undefined;
        return started;
      });
    if (!(await next)) await syncTree(fileSystem, tree, listTree(fileSystem, tree));
  };
}

function listTree(fileSystem: FileSystem, tree: string): { files: { path: string }[]; directories: string[] } {
  const files: { path: string }[] = [];
  const directories: string[] = [];
  const walk = (below: string): void => {
    for (const name of fileSystem.list(join(tree, below))) {
      const path = join(below, name);
      const stats = fileSystem.lstat(join(tree, path));
      if (stats?.isDirectory()) {
        directories.push(path);
        walk(path);
      } else if (stats?.isFile()) files.push({ path });
    }
  };
  walk('');
  return { files, directories };
}
