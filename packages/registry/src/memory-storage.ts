import type { Digest } from '@gantry/oci';
import { ProtocolError } from './protocol-error.ts';
import { registryLimits } from './registry-limits.ts';
import type { NewManifest, RegistryStorage, StorageUpload, StoredBlob, StoredManifest } from './storage.ts';

interface MemoryRepository {
  readonly blobs: Map<Digest, Uint8Array>;
  readonly manifests: Map<Digest, NewManifest>;
  readonly tags: Map<string, Digest>;
}

/** Options of {@link memoryStorage}. */
export interface MemoryStorageOptions {
  /** Overrides of limits by name; `servedMemoryBytes` is the one that counts here. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** Keeps a registry in memory until the process ends, `servedMemoryBytes` at most. */
export function memoryStorage(options: MemoryStorageOptions = {}): RegistryStorage {
  const limit = registryLimits(options, 'servedMemoryBytes');
  const repositories = new Map<string, MemoryRepository>();
  let used = 0;

  const reserve = (bytes: number): void => {
    if (used + bytes > limit) {
      throw new ProtocolError('SIZE_INVALID', `the registry keeps at most ${limit} bytes in memory`, { status: 413 });
    }
    used += bytes;
  };
  const repository = (name: string): MemoryRepository => {
    const known = repositories.get(name);
    if (known !== undefined) return known;
    const made: MemoryRepository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
    repositories.set(name, made);
    return made;
  };

  return {
    async prepare(): Promise<void> {},
    async blob(name: string, digest: Digest): Promise<StoredBlob | undefined> {
      const bytes = repositories.get(name)?.blobs.get(digest);
      return bytes === undefined ? undefined : { size: bytes.length, read: (start, end) => slices(bytes, start, end) };
    },
    async manifest(name: string, digest: Digest): Promise<StoredManifest | undefined> {
      return repositories.get(name)?.manifests.get(digest);
    },
    async tag(name: string, tag: string): Promise<Digest | undefined> {
      return repositories.get(name)?.tags.get(tag);
    },
    async tags(name: string): Promise<string[] | undefined> {
      const known = repositories.get(name);
      return known === undefined ? undefined : [...known.tags.keys()];
    },
    async referrers(name: string, subject: Digest): Promise<Digest[]> {
      const manifests = [...(repositories.get(name)?.manifests.values() ?? [])];
      return manifests.filter((manifest) => manifest.subject === subject).map((manifest) => manifest.digest);
    },
    async startUpload(): Promise<StorageUpload> {
      let chunks: Uint8Array[] = [];
      let size = 0;
      const discard = (): void => {
        used -= size;
        chunks = [];
        size = 0;
      };
      return {
        get size(): number {
          return size;
        },
        async write(chunk: Uint8Array): Promise<void> {
          reserve(chunk.length);
          chunks.push(chunk);
          size += chunk.length;
        },
        async *read(): AsyncGenerator<Uint8Array> {
          yield* chunks;
        },
        async commit(name: string, digest: Digest): Promise<void> {
          const { blobs } = repository(name);
          if (blobs.has(digest)) return discard();
          blobs.set(digest, Buffer.concat(chunks));
          chunks = [];
          size = 0;
        },
        async discard(): Promise<void> {
          discard();
        },
      };
    },
    async mount(from: string, to: string, digest: Digest): Promise<boolean> {
      const bytes = repositories.get(from)?.blobs.get(digest);
      if (bytes === undefined) return false;
      const { blobs } = repository(to);
      if (!blobs.has(digest)) {
        reserve(bytes.length);
        blobs.set(digest, bytes);
      }
      return true;
    },
    async putManifest(name: string, manifest: NewManifest): Promise<void> {
      const { manifests } = repository(name);
      if (!manifests.has(manifest.digest)) reserve(manifest.bytes.length);
      manifests.set(manifest.digest, manifest);
    },
    async putTag(name: string, tag: string, digest: Digest): Promise<void> {
      repository(name).tags.set(tag, digest);
    },
    async deleteBlob(name: string, digest: Digest): Promise<boolean> {
      const blobs = repositories.get(name)?.blobs;
      used -= blobs?.get(digest)?.length ?? 0;
      return blobs?.delete(digest) ?? false;
    },
    async deleteManifest(name: string, digest: Digest): Promise<boolean> {
      const known = repositories.get(name);
      const manifest = known?.manifests.get(digest);
      if (known === undefined || manifest === undefined) return false;
      for (const [tag, target] of known.tags) if (target === digest) known.tags.delete(tag);
      used -= manifest.bytes.length;
      return known.manifests.delete(digest);
    },
    async deleteTag(name: string, tag: string): Promise<boolean> {
      return repositories.get(name)?.tags.delete(tag) ?? false;
    },
  };
}

const SLICE = 256 * 1024;

async function* slices(bytes: Uint8Array, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += SLICE) yield bytes.subarray(at, Math.min(at + SLICE, end));
}
