import type { ContentSource, Descriptor, Digest, Op } from '@gantry/oci';
import type { LayerSupply } from '../files/growing-file.ts';

/**
 * Blobs by digest, shared by processes. Never serves bytes it did not hash on the way in; `open` hashes again.
 */
export interface ContentStore extends ContentSource {
  has(what: Descriptor, op?: Op): Promise<boolean>;
  /**
   * Starts an unfinished write, invisible until {@link Ingest.commit}. Throws `STORE_READ_ONLY`, `STORE_FULL`,
   * `CONTENT_LIMIT` when the blob is larger than `blobBytes`.
   */
  ingest(what: Descriptor, op?: Op): Promise<Ingest>;
}

/** An unfinished write. Disposing without commit leaves nothing behind. */
export interface Ingest extends AsyncDisposable {
  /** Throws `CONTENT_SIZE_MISMATCH` at the first byte beyond the descriptor's size, `STORE_FULL`, `STORE_IO`. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Checks size and digest, makes the bytes durable, then visible. Somebody else having committed it is success.
   * Throws `CONTENT_SIZE_MISMATCH` and `CONTENT_DIGEST_MISMATCH`.
   */
  commit(): Promise<void>;
}

/** A blob in the store. */
export interface StoredBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** When it was stored or last asked for, milliseconds since 1970. */
  readonly modified: number;
}

/** A content store on disk, with what its owner needs to look after it. */
export interface DiskStore extends ContentStore, AsyncDisposable {
  /** Absolute, without links. */
  readonly directory: string;
  /**
   * Makes sure the blob is here, downloading it from `source` at most once, also among processes that ask at once.
   * A blob that is here counts as used now. Throws what `source` throws, and `STORE_*`.
   */
  fetch(what: Descriptor, source: ContentSource, op?: Op): Promise<void>;
  /** Puts a blob whose bytes turned out wrong into quarantine; the next `fetch` downloads it again. */
  quarantine(what: Descriptor): void;
  /**
   * Layers for `extractLayers`: what is here is read from here, anything else is fetched from `source` and can be read
   * while it still arrives.
   */
  supply(source: ContentSource): LayerSupply;
  /**
   * Keeps digests from being pruned until disposed. Take it before asking whether they are here. It survives as a file
   * that a dead owner does not hold for ever.
   */
  lease(digests: readonly Digest[], op?: Op): Promise<AsyncDisposable>;
  list(op?: Op): AsyncIterable<StoredBlob>;
  /** Hashes everything again; damaged blobs go to quarantine, the directory that `quarantined` names. */
  verify(
    op?: Op,
  ): Promise<{ readonly checked: number; readonly damaged: readonly Digest[]; readonly quarantined: string }>;
  /**
   * Removes blobs that are not kept, not leased and older than the `blobAge` limit, and what crashes left behind.
   * `keep` is asked after the leases were read: who records a use before it gives up its lease loses nothing.
   * `young` counts the blobs that stay for their age alone.
   */
  prune(
    keep: () => ReadonlySet<Digest> | Promise<ReadonlySet<Digest>>,
    op?: Op,
  ): Promise<{ readonly removed: number; readonly freed: number; readonly young: number }>;
}
