import { join } from 'node:path';
import { createHasher, digestAlgorithm, type Op } from '@gantry/oci';
import { errorCode } from '../files/durable.ts';
import type { FileSystem } from '../files/file-system.ts';
import type { ContentRecord, InstalledFile } from './content-record.ts';
import { READ_NOW } from './read-file.ts';

const CHUNK = 1024 * 1024;

/**
 * Compares a tree with its record: every file and link is there, with the same bytes, and nothing else is.
 * Returns what is wrong first, as text; undefined when nothing is. Follows no link.
 */
export async function treeFault(
  fileSystem: FileSystem,
  tree: string,
  record: ContentRecord,
  op?: Op,
): Promise<string | undefined> {
  const expected = new Set([...record.files, ...record.links].map((item) => item.path));
  const stray = strayEntry(fileSystem, tree, '', expected);
  if (stray !== undefined) return `${stray} does not belong there`;
  for (const { path, target } of record.links) {
    if (!fileSystem.lstat(join(tree, path))?.isSymbolicLink()) return `${path} is no link any more`;
    if (fileSystem.readlink(join(tree, path)) !== target) return `${path} leads elsewhere`;
  }
  for (const file of record.files) {
    op?.signal?.throwIfAborted();
    if (!(await isIntact(fileSystem, join(tree, file.path), file))) return `${file.path} is not what was installed`;
  }
  return undefined;
}

async function isIntact(fileSystem: FileSystem, path: string, file: InstalledFile): Promise<boolean> {
  let fd: number;
  try {
    fd = fileSystem.open(path, READ_NOW);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR', 'EACCES'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
  try {
    const stats = fileSystem.stat(fd);
    if (!stats.isFile() || stats.size !== file.size) return false;
    if (process.platform !== 'win32' && file.executable !== ((stats.mode & 0o100) !== 0)) return false;
    const hasher = createHasher(digestAlgorithm(file.digest));
    const buffer = new Uint8Array(Math.min(CHUNK, Math.max(1, file.size)));
    for (let position = 0; position < file.size; ) {
      const count = await fileSystem.readAsync(fd, buffer, position);
      if (count === 0) return false;
      hasher.update(buffer.subarray(0, count));
      position += count;
    }
    return hasher.digest() === file.digest;
  } finally {
    fileSystem.close(fd);
  }
}

/** The first file or link below a directory that is not expected. */
function strayEntry(
  fileSystem: FileSystem,
  tree: string,
  below: string,
  expected: ReadonlySet<string>,
): string | undefined {
  for (const name of fileSystem.list(join(tree, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    const stats = fileSystem.lstat(join(tree, path));
    if (stats?.isDirectory()) {
      const stray = strayEntry(fileSystem, tree, path, expected);
      if (stray !== undefined) return stray;
    } else if (!expected.has(path)) {
      return path;
    }
  }
  return undefined;
}
