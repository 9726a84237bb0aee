import { createHash } from 'node:crypto';
import { ociError } from './oci-errors.ts';

/** `sha256:<64 hex>` or `sha512:<128 hex>`, checked (OCI image-spec, descriptor.md, "Digests"). */
export type Digest = `sha256:${string}` | `sha512:${string}`;

/** The algorithms that content may be addressed by; both are registered in the image-spec. */
export type DigestAlgorithm = 'sha256' | 'sha512';

const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };
const LOWER_HEX = /^[0-9a-f]+$/;

/** Where a text stops being a digest: the offset in the text and what is wrong there. */
export interface DigestFault {
  readonly offset: number;
  readonly message: string;
}

/** What keeps a text from being a {@link Digest}; undefined when it is one. Throws nothing, in linear time. */
export function digestFault(text: string): DigestFault | undefined {
  const colon = text.indexOf(':');
  if (colon < 0) return { offset: text.length, message: 'a digest is written algorithm:hex' };
  const algorithm = text.slice(0, colon);
  if (algorithm !== 'sha256' && algorithm !== 'sha512') {
    return { offset: 0, message: 'the digest algorithm must be sha256 or sha512' };
  }
  const hex = text.slice(colon + 1);
  const expected = HEX_LENGTH[algorithm];
  if (hex.length === expected && LOWER_HEX.test(hex)) return undefined;
  const wrong = hex.search(/[^0-9a-f]/);
  if (wrong >= 0) {
    return { offset: colon + 1 + wrong, message: 'the digest must be lower-case hexadecimal' };
  }
  return {
    offset: colon + 1,
    message: `a ${algorithm} digest has ${expected} hexadecimal digits, found ${hex.length}`,
  };
}

/** Whether a text is a {@link Digest}. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && digestFault(text) === undefined;
}

/** Parses `algorithm:hex`. Throws `REFERENCE_INVALID` with the column where the text stops being a digest. */
export function parseDigest(text: string): Digest {
  const fault = digestFault(text);
  if (fault !== undefined) {
    const column = fault.offset + 1;
    throw ociError('REFERENCE_INVALID', `not a digest: ${fault.message} (column ${column})`, {
      details: { column, part: 'digest' },
      hint: 'write it as sha256:<64 hex digits> or sha512:<128 hex digits>',
    });
  }
  return text as Digest;
}

/** The algorithm of a digest. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

/** The hexadecimal part of a digest: 64 or 128 lower-case digits, safe as a file name. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Hashes bytes that arrive in pieces. {@link Hasher.digest} ends it. */
export interface Hasher {
  update(chunk: Uint8Array): void;
  digest(): Digest;
}

/** Starts a hash. */
export function createHasher(algorithm: DigestAlgorithm = 'sha256'): Hasher {
  const hash = createHash(algorithm);
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => `${algorithm}:${hash.digest('hex')}`,
  };
}

/** The digest of bytes. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  const hasher = createHasher(algorithm);
  hasher.update(bytes);
  return hasher.digest();
}
