import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { Op } from './op.ts';
import type { Reference } from './reference.ts';

/**
 * Yields content under a descriptor. The iterable throws `CONTENT_DIGEST_MISMATCH` or `CONTENT_SIZE_MISMATCH` before
 * it ends when the bytes are not those of the descriptor; a reader that saw it end has the right bytes.
 * Returning early (`break`) frees all resources. There is no unverified read.
 */
export interface ContentSource {
  open(what: Descriptor, op?: Op): AsyncIterable<Uint8Array>;
}

/** Reads a tag. `resolve` is one request whose bytes are hashed; after it only digests exist. */
export interface Resolver {
  /** The root descriptor of a reference. With a digest in the reference the tag is not read at all. */
  resolve(ref: Reference, op?: Op): Promise<Descriptor>;
  /** An untrusted hint that answers only "has the tag moved?". One HEAD. */
  peek(ref: Reference, op?: Op): Promise<TagHint>;
}

/** What a HEAD said. Never used as identity. */
export interface TagHint {
  readonly digest?: Digest;
  readonly size?: number;
  readonly mediaType?: string;
}

/** Lists what refers to a manifest. The list is a hint: each entry is fetched by digest and its subject compared. */
export interface ReferrerSource {
  referrers(of: Descriptor, artifactType?: string, op?: Op): Promise<Referrers>;
}

/** A list of referrers and where it came from. `complete` is false when something may be missing from it. */
export interface Referrers {
  readonly descriptors: readonly Descriptor[];
  readonly via: 'api' | 'tag' | 'both';
  readonly complete: boolean;
}

/** Receives content. Blobs before the manifests that name them. */
export interface ContentSink {
  has(what: Descriptor, op?: Op): Promise<boolean>;
  /** Writes a blob; `content` may be called again when an attempt has to be repeated. No-op when it is there already. */
  pushBlob(what: Descriptor, content: () => AsyncIterable<Uint8Array>, op?: Op): Promise<void>;
  /** Writes a manifest or index and, when named, the tag that points at it. */
  pushManifest(what: Descriptor, bytes: Uint8Array, options?: { readonly tag?: string }, op?: Op): Promise<void>;
  /** Takes a blob from another repository of the same registry without moving it. False: not possible, push it. */
  mount?(what: Descriptor, fromRepository: string, op?: Op): Promise<boolean>;
}

/** One repository: of a registry, or an OCI layout on disk. */
export interface Repository extends ContentSource, Resolver, ReferrerSource, ContentSink, AsyncDisposable {
  /** How messages name it: `host/repository` or `oci-layout:DIR`. */
  readonly name: string;
  /** Points a tag at content that is there. */
  tag(what: Descriptor, tag: string, op?: Op): Promise<void>;
  /** Every tag, in the order of the repository, across pages. */
  tags(op?: Op): AsyncIterable<string>;
  /** Deletes a manifest by digest, or a tag alone. A referrer's entry in its subject's fallback list goes too. */
  delete(what: Descriptor | { readonly tag: string }, op?: Op): Promise<void>;
}
