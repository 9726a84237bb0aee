import type { Digest } from '@gantry/oci';

/** A blob that is stored. */
export interface StoredBlob {
  readonly size: number;
  /** The bytes from `start` up to but not including `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** A manifest or index that is stored, byte for byte as it was pushed. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A manifest to store. */
export interface NewManifest extends StoredManifest {
  readonly digest: Digest;
  /** The manifest it refers to, which need not be there. */
  readonly subject?: Digest;
}

/** Bytes on their way in: part of no repository before {@link StorageUpload.commit}. One writer at a time. */
export interface StorageUpload {
  readonly size: number;
  write(chunk: Uint8Array): Promise<void>;
  /** What was written so far, from the start. */
  read(): AsyncIterable<Uint8Array>;
  /** Makes the bytes durable, then visible as a blob of the repository. The caller has checked the digest. */
  commit(repository: string, digest: Digest): Promise<void>;
  /** Forgets the bytes. No-op after a commit. */
  discard(): Promise<void>;
}

/**
 * Where a registry keeps what it serves. Names and digests that reach it were checked against the grammars; it checks
 * no digest and no manifest, so that tests may store what no client could push.
 */
export interface RegistryStorage {
  /** Called once before serving. Throws `REGISTRY_STORAGE` when the place cannot be used. */
  prepare(readOnly: boolean): Promise<void>;
  blob(repository: string, digest: Digest): Promise<StoredBlob | undefined>;
  manifest(repository: string, digest: Digest): Promise<StoredManifest | undefined>;
  /** The digest that a tag points at. */
  tag(repository: string, tag: string): Promise<Digest | undefined>;
  /** All tags, in no order; undefined when there is no such repository. */
  tags(repository: string): Promise<string[] | undefined>;
  /** Digests of the manifests whose subject this is, in no order. */
  referrers(repository: string, subject: Digest): Promise<Digest[]>;
  startUpload(): Promise<StorageUpload>;
  /** Makes a blob of one repository a blob of another. False when the first does not have it. */
  mount(from: string, to: string, digest: Digest): Promise<boolean>;
  putManifest(repository: string, manifest: NewManifest): Promise<void>;
  putTag(repository: string, tag: string, digest: Digest): Promise<void>;
  /** Each returns false when there was nothing to delete. */
  deleteBlob(repository: string, digest: Digest): Promise<boolean>;
  /** Deletes a manifest and the tags that point at it. */
  deleteManifest(repository: string, digest: Digest): Promise<boolean>;
  deleteTag(repository: string, tag: string): Promise<boolean>;
}
