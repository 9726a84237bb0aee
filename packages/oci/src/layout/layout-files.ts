import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from '../digest.ts';
import { escapeRemote } from '../escape.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { Ingest } from './atomic-file.ts';
import { EMPTY_INDEX, formatLayoutIndex, type LayoutIndex, parseLayoutIndex } from './layout-index.ts';
import { lockLayout } from './layout-lock.ts';
import type { LayoutStorage } from './layout-storage.ts';
import {
  checkPlainDirectory,
  openPlainFile,
  plainFileSize,
  readPlainFile,
  readSmallFile,
  writing,
} from './safe-file.ts';

/** The file that makes a directory a layout. */
export const LAYOUT_MARKER: string = 'oci-layout';
const MARKER = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** A layout in a directory. Several processes may write to it at once. */
export class LayoutFiles implements LayoutStorage {
  readonly name: string;
  readonly #directory: string;
  readonly #ingest: Ingest;
  /** The last change that this object makes; changes within a process wait for each other without touching the lock. */
  #changes: Promise<void> = Promise.resolve();

  /** `written` is the directory as the user wrote it, for messages; `path` the absolute one. */
  constructor(written: string, path: string, op?: Op) {
    this.#directory = path;
    this.name = `oci-layout:${escapeRemote(written, 400)}`;
    this.#ingest = new Ingest(path, ociLimits(op, 'layoutIngestAge'));
  }

  /** Makes the directory a layout. The marker comes last: a directory that has it has an index. */
  async create(op?: Op): Promise<void> {
    await this.updateIndex((index) => (index === EMPTY_INDEX ? { ...index } : index), op);
    const marker = join(this.#directory, LAYOUT_MARKER);
    await writing(this.name, () => this.#ingest.write(marker, this.#directory, [MARKER]));
  }

  async size(digest: Digest): Promise<number | undefined> {
    return plainFileSize(await this.#blob(digest));
  }

  async *read(digest: Digest): AsyncGenerator<Uint8Array, void, undefined> {
    const handle = await openPlainFile(await this.#blob(digest));
    if (handle === undefined) {
      throw ociError('CONTENT_NOT_FOUND', `${this.name} does not have ${digest}`, { details: { digest } });
    }
    yield* readPlainFile(handle);
  }

  async write(what: Descriptor, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = await this.#blob(what.digest);
    const parent = this.#blobs(what.digest);
    await writing(this.name, async () => {
      await mkdir(parent, { recursive: true });
      await this.#ingest.write(path, parent, content);
    });
  }

  async remove(digest: Digest): Promise<void> {
    const path = await this.#blob(digest);
    await writing(this.name, () => rm(path, { force: true }));
  }

  async readIndex(op?: Op): Promise<LayoutIndex> {
    const bytes = await readSmallFile(join(this.#directory, 'index.json'), ociLimits(op, 'manifestBytes'));
    return bytes === undefined ? EMPTY_INDEX : parseLayoutIndex(bytes, this.name, op);
  }

  updateIndex(change: (index: LayoutIndex) => LayoutIndex | Promise<LayoutIndex>, op?: Op): Promise<void> {
    const done = this.#changes.then(() => writing(this.name, () => this.#changeUntilOurs(change, op)));
    this.#changes = done.catch(() => undefined);
    return done;
  }

  async #changeUntilOurs(change: (index: LayoutIndex) => LayoutIndex | Promise<LayoutIndex>, op?: Op): Promise<void> {
    for (;;) {
      await using lock = await lockLayout(this.#directory, op);
      const before = await this.readIndex(op);
      const after = await change(before);
      if (after === before) return;
      if (!(await lock.isHeld())) continue;
      await this.#ingest.write(join(this.#directory, 'index.json'), this.#directory, [formatLayoutIndex(after)]);
      return;
    }
  }

  /** Links on the way to a blob are refused at each use: the digest would catch wrong bytes, but not reads of foreign files. */
  async #blob(digest: Digest): Promise<string> {
    await checkPlainDirectory(join(this.#directory, 'blobs'));
    const parent = this.#blobs(digest);
    await checkPlainDirectory(parent);
    return join(parent, digestHex(digest));
  }

  #blobs(digest: Digest): string {
    return join(this.#directory, 'blobs', digestAlgorithm(digest));
  }

  async close(): Promise<void> {
    await this.#changes;
    await this.#ingest.close();
  }
}
