import { link, lstat, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Digest, isDigest, isTag, parseJson } from '@gantry/oci';
import { DirectoryPaths } from './directory-paths.ts';
import { readRange, startDirectoryUpload } from './directory-upload.ts';
import {
  makeDirectory,
  namesIn,
  openFile,
  readSmallFile,
  removeFile,
  syncDirectory,
  writeDurably,
} from './durable-file.ts';
import { registryError } from './registry-errors.ts';
import { registryLimits } from './registry-limits.ts';
import type { NewManifest, RegistryStorage, StorageUpload, StoredBlob, StoredManifest } from './storage.ts';

const SCHEMA_VERSION = 1;
const SMALL = 4096;

/** Options of {@link directoryStorage}. */
export interface DirectoryStorageOptions {
  /** Overrides of limits by name. */
  readonly limits?: Readonly<Record<string, number>>;
}

/**
 * Keeps a registry in a directory, which is created when it is missing. Everything is written under a random name,
 * synced and renamed, so a kill leaves the old or the new state, and several servers may share the directory. Blobs are
 * streamed. Served read-only, nothing is written and the directory may be on a read-only medium.
 */
export function directoryStorage(directory: string, options: DirectoryStorageOptions = {}): RegistryStorage {
  return new DirectoryStorage(new DirectoryPaths(resolve(directory)), options);
}

class DirectoryStorage implements RegistryStorage {
  readonly #paths: DirectoryPaths;
  readonly #options: DirectoryStorageOptions;

  constructor(paths: DirectoryPaths, options: DirectoryStorageOptions) {
    this.#paths = paths;
    this.#options = options;
  }

  async prepare(readOnly: boolean): Promise<void> {
    const { root, marker, uploads } = this.#paths;
    try {
      const known = await this.#readMarker();
      if (readOnly) {
        if (!known) throw registryError('REGISTRY_STORAGE', `${root} is not the directory of a registry`);
        return;
      }
      if (!known) {
        await makeDirectory(root);
        // A kill on the way may have left the uploads alone.
        if ((await namesIn(root)).some((name) => name !== 'uploads')) {
          throw registryError('REGISTRY_STORAGE', `${root} is not empty and not the directory of a registry`);
        }
        await writeDurably(uploads, marker, `${JSON.stringify({ schemaVersion: SCHEMA_VERSION })}\n`);
      }
      await this.#sweepUploads();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code?.startsWith('REGISTRY_')) throw error;
      const problem = code === 'EEXIST' ? 'it is not a directory' : (code ?? 'unknown');
      throw registryError('REGISTRY_STORAGE', `cannot use ${root}: ${problem}`, { cause: error });
    }
  }

  async #readMarker(): Promise<boolean> {
    const bytes = await readSmallFile(this.#paths.marker, SMALL);
    if (bytes === undefined) return false;
    const document = parseMarker(bytes);
    if (document === SCHEMA_VERSION) return true;
    throw registryError('REGISTRY_STORAGE', `${this.#paths.marker} has schemaVersion ${document}, expected 1`, {
      hint: 'serve it with the version of Gantry that wrote it, or a newer one',
    });
  }

  /** Uploads of a server that was killed. */
  async #sweepUploads(): Promise<void> {
    const oldest = Date.now() - registryLimits(this.#options, 'servedUploadAge');
    for (const name of await namesIn(this.#paths.uploads)) {
      const path = join(this.#paths.uploads, name);
      // Another server on the same directory may be done with it meanwhile.
      const facts = await stat(path).catch(() => undefined);
      if (facts !== undefined && facts.mtimeMs < oldest) await rm(path, { force: true });
    }
  }

  async blob(name: string, digest: Digest): Promise<StoredBlob | undefined> {
    const path = this.#paths.blob(name, digest);
    const facts = await lstat(path).catch(() => undefined);
    if (!facts?.isFile()) return undefined;
    return {
      size: facts.size,
      async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
        await using file = await openFile(path);
        if (file === undefined) throw new Error('the blob was deleted');
        yield* readRange(file, start, end);
      },
    };
  }

  async manifest(name: string, digest: Digest): Promise<StoredManifest | undefined> {
    const limit = registryLimits(this.#options, 'servedManifestBytes');
    const bytes = await readSmallFile(this.#paths.manifest(name, digest), limit);
    const type = bytes && (await readSmallFile(this.#paths.type(name, digest), SMALL));
    return bytes && type && { mediaType: Buffer.from(type).toString(), bytes };
  }

  async tag(name: string, tag: string): Promise<Digest | undefined> {
    const bytes = await readSmallFile(this.#paths.tag(name, tag), SMALL);
    const digest = Buffer.from(bytes ?? []).toString();
    return isDigest(digest) ? digest : undefined;
  }

  async tags(name: string): Promise<string[] | undefined> {
    const inside = await namesIn(this.#paths.repository(name));
    if (!inside.some((entry) => entry.startsWith('_'))) return undefined;
    return (await namesIn(this.#paths.tags(name))).filter((tag) => isTag(tag));
  }

  async referrers(name: string, subject: Digest): Promise<Digest[]> {
    const names = await namesIn(this.#paths.referrers(name, subject));
    return names.map((entry) => entry.replace('-', ':')).filter((digest) => isDigest(digest));
  }

  startUpload(): Promise<StorageUpload> {
    return startDirectoryUpload(this.#paths);
  }

  async mount(from: string, to: string, digest: Digest): Promise<boolean> {
    const source = await this.blob(from, digest);
    if (source === undefined) return false;
    if ((await this.blob(to, digest)) !== undefined) return true;
    const target = this.#paths.blob(to, digest);
    await makeDirectory(join(target, '..'));
    try {
      await link(this.#paths.blob(from, digest), target);
      await syncDirectory(join(target, '..'));
    } catch {
      // No hard links here: copy.
      const upload = await this.startUpload();
      for await (const chunk of source.read(0, source.size)) await upload.write(chunk);
      await upload.commit(to, digest);
    }
    return true;
  }

  async putManifest(name: string, manifest: NewManifest): Promise<void> {
    const { digest, subject } = manifest;
    // The manifest comes last: what describes it is there when it is.
    await writeDurably(this.#paths.uploads, this.#paths.type(name, digest), manifest.mediaType);
    if (subject !== undefined) {
      await writeDurably(this.#paths.uploads, this.#paths.referrer(name, subject, digest), '');
    }
    await writeDurably(this.#paths.uploads, this.#paths.manifest(name, digest), manifest.bytes);
  }

  async putTag(name: string, tag: string, digest: Digest): Promise<void> {
    await writeDurably(this.#paths.uploads, this.#paths.tag(name, tag), digest);
  }

  deleteBlob(name: string, digest: Digest): Promise<boolean> {
    return removeFile(this.#paths.blob(name, digest));
  }

  async deleteManifest(name: string, digest: Digest): Promise<boolean> {
    for (const tag of (await this.tags(name)) ?? []) {
      if ((await this.tag(name, tag)) === digest) await this.deleteTag(name, tag);
    }
    const deleted = await removeFile(this.#paths.manifest(name, digest));
    await removeFile(this.#paths.type(name, digest));
    return deleted;
  }

  deleteTag(name: string, tag: string): Promise<boolean> {
    return removeFile(this.#paths.tag(name, tag));
  }
}

/** The `schemaVersion` of the marker; text for messages when it is not a number. */
function parseMarker(bytes: Uint8Array): number | string {
  try {
    const document = parseJson(bytes);
    const version = document !== null && typeof document === 'object' && 'schemaVersion' in document;
    return version && typeof document.schemaVersion === 'number' ? document.schemaVersion : 'none';
  } catch {
    return 'none';
  }
}
