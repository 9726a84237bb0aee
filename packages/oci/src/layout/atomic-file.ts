import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPlainDirectory, hasCode } from './safe-file.ts';

const MOST_ATTEMPTS = 20;

/** Unfinished writes of one layout: files with random names in `ingest/`, moved to their place when they are whole. */
export class Ingest {
  readonly #directory: string;
  readonly #maxAge: number;
  #swept: Promise<void> | undefined;

  /** `maxAge`, in milliseconds: older leftovers of dead writers are removed at the first write. */
  constructor(layout: string, maxAge: number) {
    this.#directory = join(layout, 'ingest');
    this.#maxAge = maxAge;
  }

  /** Writes content to a new file, makes it durable, and moves it to `target`. On failure nothing is left of it. */
  async write(
    target: string,
    parent: string,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    this.#swept ??= this.#sweep();
    await this.#swept;
    const { path, handle } = await this.#create();
    try {
      try {
        for await (const chunk of content) await handle.writeFile(chunk);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(path, target);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    await syncDirectory(parent);
  }

  /** A new file. Another process that is done may remove the empty directory at any moment. */
  async #create(): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    const path = join(this.#directory, randomBytes(16).toString('hex'));
    for (let attempt = 1; ; attempt++) {
      try {
        return { path, handle: await open(path, 'wx') };
      } catch (error) {
        if (!hasCode(error, 'ENOENT') || attempt === MOST_ATTEMPTS) throw error;
        await mkdir(this.#directory, { recursive: true });
      }
    }
  }

  async #sweep(): Promise<void> {
    await checkPlainDirectory(this.#directory);
    await mkdir(this.#directory, { recursive: true });
    const now = Date.now();
    for (const name of await readdir(this.#directory)) {
      if (!/^[0-9a-f]{32}$/.test(name)) continue;
      const path = join(this.#directory, name);
      const age = await stat(path).then(
        ({ mtimeMs }) => now - mtimeMs,
        () => 0,
      );
      if (age > this.#maxAge) await rm(path, { force: true });
    }
  }

  /** Removes the directory when nobody else is writing. */
  async close(): Promise<void> {
    if (this.#swept === undefined) return;
    this.#swept = undefined;
    try {
      await rmdir(this.#directory);
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
    }
  }
}

/** Makes a rename durable. Systems that cannot open directories do it by themselves. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
