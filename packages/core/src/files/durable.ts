import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { type FileSystem, openFlags } from './file-system.ts';

/** The code of a `node:fs` error; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** A name that nobody can foresee (128 random bits), for things that are renamed or removed later. */
export function randomName(prefix = ''): string {
  return prefix + randomBytes(16).toString('hex');
}

/** Makes the names in a directory survive a loss of power. Windows has no such call and needs none. */
export function syncDirectory(fileSystem: FileSystem, path: string): void {
  if (process.platform === 'win32') return;
  const fd = fileSystem.open(path, openFlags.directory);
  try {
    fileSystem.sync(fd);
  } finally {
    fileSystem.close(fd);
  }
}

/**
 * Creates a directory and those above it that are missing, durably. What exists already is left alone;
 * the outermost existing directory is not checked (see `requirePrivate`).
 */
export function makeDirectories(fileSystem: FileSystem, path: string, mode: number): void {
  try {
    fileSystem.mkdir(path, mode);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      if (fileSystem.lstat(path)?.isDirectory()) return;
      throw error;
    }
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    makeDirectories(fileSystem, dirname(path), mode);
    makeDirectories(fileSystem, path, mode);
    return;
  }
  syncDirectory(fileSystem, dirname(path));
}

/**
 * Writes a small file so that after a kill or a loss of power there is either the old file or the new one: a fresh file
 * under a random name beside it, synced, renamed over the old one, directory synced. A link in its place is replaced,
 * never followed. On failure nothing is left behind.
 */
export function publishFile(fileSystem: FileSystem, path: string, bytes: Uint8Array, mode: number): void {
  const staged = join(dirname(path), randomName(`.${basename(path)}.`));
  const fd = fileSystem.open(staged, openFlags.create, mode);
  try {
    try {
      fileSystem.write(fd, bytes);
      // The umask has taken from the mode that was asked for.
      if (process.platform !== 'win32') fileSystem.chmod(fd, mode);
      fileSystem.sync(fd);
    } finally {
      fileSystem.close(fd);
    }
    fileSystem.reached('publish-file.synced');
    fileSystem.rename(staged, path);
  } catch (error) {
    removeQuietly(fileSystem, staged);
    throw error;
  }
  fileSystem.reached('publish-file.renamed');
  syncDirectory(fileSystem, dirname(path));
}

/**
 * Gives a staged directory, whose content is synced, its final name. `target` must not exist, or be an empty directory.
 * Throws `EEXIST` or `ENOTEMPTY` when somebody else was first.
 */
export function publishDirectory(fileSystem: FileSystem, staged: string, target: string): void {
  syncDirectory(fileSystem, staged);
  fileSystem.reached('publish-directory.synced');
  fileSystem.rename(staged, target);
  fileSystem.reached('publish-directory.renamed');
  syncDirectory(fileSystem, dirname(target));
  if (dirname(staged) !== dirname(target)) syncDirectory(fileSystem, dirname(staged));
}

/** Removes a file where failing to is no reason to fail: the original error matters more, or age removes it later. */
export function removeQuietly(fileSystem: FileSystem, path: string): void {
  try {
    fileSystem.unlink(path);
  } catch {
    // Swept by age.
  }
}
