import { join } from 'node:path';
import { type FileSystem, openFlags } from './file-system.ts';

/**
 * From this many files on, one sync of the whole file system is cheaper than one for each file: 20,200 files and
 * directories took 0.16 s against 1.4 s (four at a time) and 3.3 s (one after the other) on ext4.
 */
const MANY = 256;
/** As many as Node's thread pool works on at once. */
const AT_ONCE = 4;

/**
 * Makes a tree survive a loss of power before it is published: contents, then names. Paths are relative to `root`.
 * Batched at the end rather than file by file while writing, which took 10 s for the same tree.
 */
export async function syncTree(
  fileSystem: FileSystem,
  root: string,
  tree: { readonly files: readonly { readonly path: string }[]; readonly directories: readonly string[] },
): Promise<void> {
  if (tree.files.length >= MANY && (await fileSystem.syncVolume(root))) return;
  await syncAll(
    fileSystem,
    tree.files.map(({ path }) => join(root, path)),
    openFlags.read,
  );
  if (process.platform === 'win32') return;
  const directories = [...tree.directories.map((path) => join(root, path)), root];
  await syncAll(fileSystem, directories, openFlags.directory);
}

async function syncAll(fileSystem: FileSystem, paths: readonly string[], flags: number): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    for (let path = paths[next]; path !== undefined; path = paths[next]) {
      next += 1;
      const fd = fileSystem.open(path, flags);
      try {
        await fileSystem.syncAsync(fd);
      } finally {
        fileSystem.close(fd);
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, run));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
