import type { ContentSource, Repository } from './content.ts';
import { type Descriptor, descriptorOf } from './descriptor.ts';
import type { Digest, DigestAlgorithm } from './digest.ts';
import { EMPTY_INDEX, type LayoutIndex } from './layout/layout-index.ts';
import { LayoutRepository } from './layout/layout-repository.ts';
import type { LayoutStorage } from './layout/layout-storage.ts';
import { ociError } from './oci-errors.ts';
import { verifiedStream } from './verified-stream.ts';

/** Content in memory, for documents that are made up on the spot and for tests. */
export interface MemorySource extends ContentSource {
  /** Adds bytes and gives their descriptor. */
  add(bytes: Uint8Array, mediaType: string, algorithm?: DigestAlgorithm): Descriptor;
}

/** An empty {@link MemorySource}. Throws `CONTENT_NOT_FOUND` for what was not added. */
export function memorySource(): MemorySource {
  const blobs = new Map<Digest, Uint8Array>();
  return {
    add: (bytes, mediaType, algorithm) => {
      const what = descriptorOf(bytes, mediaType, algorithm);
      blobs.set(what.digest, bytes);
      return what;
    },
    open: (what, op) => verifiedStream(what, bytesOf(blobs, what.digest, 'memory'), op, 'memory'),
  };
}

/** An empty repository in memory, which behaves as one in a layout does. `name` is for messages. */
export function memoryRepository(name: string = 'memory'): Repository {
  return new LayoutRepository(new MemoryStorage(name));
}

function* bytesOf(blobs: ReadonlyMap<Digest, Uint8Array>, digest: Digest, name: string): Generator<Uint8Array> {
  const bytes = blobs.get(digest);
  if (bytes === undefined)
    throw ociError('CONTENT_NOT_FOUND', `${name} does not have ${digest}`, { details: { digest } });
  yield bytes;
}

class MemoryStorage implements LayoutStorage {
  readonly name: string;
  readonly #blobs: Map<Digest, Uint8Array> = new Map();
  #index: LayoutIndex = EMPTY_INDEX;
  #changes: Promise<void> = Promise.resolve();

  constructor(name: string) {
    this.name = name;
  }

  async size(digest: Digest): Promise<number | undefined> {
    return this.#blobs.get(digest)?.length;
  }

  async *read(digest: Digest): AsyncGenerator<Uint8Array, void, undefined> {
    yield* bytesOf(this.#blobs, digest, this.name);
  }

  async write(what: Descriptor, content: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    this.#blobs.set(what.digest, Buffer.concat(chunks));
  }

  async remove(digest: Digest): Promise<void> {
    this.#blobs.delete(digest);
  }

  async readIndex(): Promise<LayoutIndex> {
    return this.#index;
  }

  updateIndex(change: (index: LayoutIndex) => LayoutIndex | Promise<LayoutIndex>): Promise<void> {
    const done = this.#changes.then(async () => {
      this.#index = await change(this.#index);
    });
    this.#changes = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#changes;
  }
}
