import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import type { Digest } from '@gantry/oci';
import type { DirectoryPaths } from './directory-paths.ts';
import { publish, stageFile } from './durable-file.ts';
import type { StorageUpload } from './storage.ts';

const READ_SIZE = 256 * 1024;

/** Starts an upload that is a file among the uploads of the directory until it is committed. */
export async function startDirectoryUpload(paths: DirectoryPaths): Promise<StorageUpload> {
  const { path, file } = await stageFile(paths.uploads);
  return new DirectoryUpload(paths, path, file);
}

class DirectoryUpload implements StorageUpload {
  readonly #paths: DirectoryPaths;
  readonly #path: string;
  readonly #file: FileHandle;
  #size = 0;
  #open = true;

  constructor(paths: DirectoryPaths, path: string, file: FileHandle) {
    this.#paths = paths;
    this.#path = path;
    this.#file = file;
  }

  get size(): number {
    return this.#size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await this.#file.write(chunk, done, chunk.length - done, this.#size);
      done += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  read(): AsyncIterable<Uint8Array> {
    return readRange(this.#file, 0, this.#size);
  }

  async commit(repository: string, digest: Digest): Promise<void> {
    await this.#file.sync();
    await this.#close();
    await publish(this.#path, this.#paths.blob(repository, digest));
  }

  async discard(): Promise<void> {
    await this.#close();
    // After a commit the name is gone already.
    await rm(this.#path, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }
}

/** Reads a range of an open file in pieces; the file stays open. */
export async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    // A file that became shorter: the client must not take what it has for the whole.
    if (bytesRead === 0) throw new Error('the file is shorter than it was');
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
