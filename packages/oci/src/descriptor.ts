import { type Digest, type DigestAlgorithm, digestOf } from './digest.ts';
import type { Platform } from './platform.ts';

/** String to string, in the order of the document, without a prototype. */
export type Annotations = Readonly<Record<string, string>>;

/** No annotations at all. */
export const NO_ANNOTATIONS: Annotations = Object.freeze(Object.create(null));

/**
 * A handle to content (OCI image-spec, descriptor.md). Built from a checked manifest or from bytes; never from a header.
 * `size` is bytes, a safe integer that is not negative.
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly platform?: Platform;
  readonly annotations?: Annotations;
  /** The content itself, embedded; checked against digest and size when parsed. */
  readonly data?: Uint8Array;
}

/** The descriptor of bytes at hand. */
export function descriptorOf(bytes: Uint8Array, mediaType: string, algorithm: DigestAlgorithm = 'sha256'): Descriptor {
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length };
}
