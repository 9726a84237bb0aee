import type { ContentSource, Descriptor, Digest, Op } from '@gantry/oci';

/**
 * Blobs by digest, shared by processes. Never serves bytes it did not hash on the way in; `open` hashes again.
 */
export interface ContentStore extends ContentSource {
  has(what: Descriptor, op?: Op): Promise<boolean>;
  /** Starts an unfinished write, invisible until {@link Ingest.commit}. */
  ingest(what: Descriptor, op?: Op): Promise<Ingest>;
}

/** An unfinished write. Disposing without commit leaves nothing behind. */
export interface Ingest extends AsyncDisposable {
  write(chunk: Uint8Array): Promise<void>;
  /** Checks size and digest, makes the bytes durable, then visible. Somebody else having committed it is success. */
  commit(): Promise<void>;
}

/** A content store on disk, with what its owner needs to look after it. */
export interface DiskStore extends ContentStore, AsyncDisposable {
  readonly directory: string;
  /** Makes sure the blob is here, downloading it from `source` at most once, also among processes that ask at once. */
  fetch(what: Descriptor, source: ContentSource, op?: Op): Promise<void>;
  /** Absolute path of a blob that is here, for readers in worker threads, which must hash what they read. */
  file(what: Descriptor): string;
  /** Keeps digests from being pruned until disposed; survives as a file that a dead owner does not hold for ever. */
  lease(digests: readonly Digest[], op?: Op): Promise<AsyncDisposable>;
  list(op?: Op): AsyncIterable<{ readonly digest: Digest; readonly size: number; readonly modified: number }>;
  /** Hashes everything again; damaged blobs go to quarantine. */
  verify(
    op?: Op,
  ): Promise<{ readonly checked: number; readonly damaged: readonly Digest[]; readonly quarantined: string }>;
  /** Removes blobs that are not kept, not leased and older than the `blobAge` limit. */
  prune(keep: ReadonlySet<Digest>, op?: Op): Promise<{ readonly removed: number; readonly freed: number }>;
}
