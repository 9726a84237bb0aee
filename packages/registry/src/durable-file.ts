import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Opens a regular file for reading, following no link in its place. Undefined when there is none. */
export async function openFile(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    // Without O_NONBLOCK a FIFO in its place would hang the server.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** The bytes of a small file; undefined when there is none or it is larger than `limit`. */
export async function readSmallFile(path: string, limit: number): Promise<Uint8Array | undefined> {
  await using file = await openFile(path);
  if (file === undefined || (await file.stat()).size > limit) return undefined;
  return file.readFile();
}

/** Names in a directory; empty when there is no directory. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** A new file under a random name in `directory`, open for writing. */
export async function stageFile(directory: string): Promise<{ readonly path: string; readonly file: FileHandle }> {
  await makeDirectory(directory);
  const path = join(directory, randomUUID());
  return { path, file: await open(path, 'wx+', 0o644) };
}

/** Gives a synced file its final name, and makes the name durable. */
export async function publish(staged: string, path: string): Promise<void> {
  await makeDirectory(dirname(path));
  await rename(staged, path);
  await syncDirectory(dirname(path));
}

/** Writes a small file so that there is always the old one or the new one. */
export async function writeDurably(staging: string, path: string, bytes: Uint8Array | string): Promise<void> {
  const { path: staged, file } = await stageFile(staging);
  try {
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await publish(staged, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(staged, { force: true });
    throw error;
  }
}

/** Removes a file. False when there was none. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  await syncDirectory(dirname(path));
  return true;
}

/** Creates a directory with those above it, durably. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made)) {
    await syncDirectory(dirname(made));
  }
}

/** Makes the names in a directory survive a loss of power. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync();
}

/** Whether an error says that there is nothing, or no file, under the name. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO'].includes(code);
}
