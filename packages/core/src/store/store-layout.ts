import { join } from 'node:path';
import { type Descriptor, type Digest, digestAlgorithm, digestHex, isDigest, ociError } from '@gantry/oci';
import { makeDirectories, publishFile } from '../files/durable.ts';
import type { FileSystem } from '../files/file-system.ts';

const CACHEDIR_TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# This directory is a cache of Gantry.\n';
/** Owner only; blobs are never written again, so nobody needs to write them. */
const DIRECTORY_MODE = 0o700;

/** Mode of a blob: read-only, except on Windows, where a read-only file cannot be removed. */
export const BLOB_MODE: number = process.platform === 'win32' ? 0o600 : 0o400;

/** Where things are in a store. The format is named by `v1`: another format would be another directory beside it. */
export interface StoreLayout {
  readonly root: string;
  readonly blobs: string;
  readonly ingest: string;
  readonly locks: string;
  readonly leases: string;
  readonly quarantine: string;
  blob(digest: Digest): string;
}

/** The layout of a store at `root`, an absolute path. */
export function storeLayout(root: string): StoreLayout {
  const base = join(root, 'v1');
  const blobs = join(base, 'blobs');
  return {
    root,
    blobs,
    ingest: join(base, 'ingest'),
    locks: join(base, 'locks'),
    leases: join(base, 'leases'),
    quarantine: join(base, 'quarantine'),
    blob: (digest) => {
      const hex = digestHex(digest);
      return join(blobs, digestAlgorithm(digest), hex.slice(0, 2), hex);
    },
  };
}

/** Creates what is missing of a store, durably; also what somebody has cleaned away since. */
export function createLayout(fileSystem: FileSystem, layout: StoreLayout): void {
  const algorithms = ['sha256', 'sha512'].map((algorithm) => join(layout.blobs, algorithm));
  for (const directory of [...algorithms, layout.ingest, layout.locks, layout.leases, layout.quarantine]) {
    makeDirectories(fileSystem, directory, DIRECTORY_MODE);
  }
  const tag = join(layout.root, 'CACHEDIR.TAG');
  if (fileSystem.lstat(tag) === undefined) publishFile(fileSystem, tag, Buffer.from(CACHEDIR_TAG), 0o600);
}

/** Creates the directory that a blob goes into, durably. */
export function createShard(fileSystem: FileSystem, directory: string): void {
  makeDirectories(fileSystem, directory, DIRECTORY_MODE);
}

/** Throws `CONTENT_INVALID` unless the digest is one: a digest becomes a path here, so it is not taken on trust (I6). */
export function checkDigest(what: Descriptor): void {
  if (!isDigest(what.digest)) throw ociError('CONTENT_INVALID', 'the descriptor has no valid digest');
}
