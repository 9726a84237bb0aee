import { createHash, type KeyObject } from 'node:crypto';
import type { SignedEntity } from '@sigstore/verify';
import type { SignatureReading } from './signature-reading.ts';

/**
 * A signature as the library wants it, which is known to have been made with a key. The library's own version would verify
 * it with SHA-256 whatever the key.
 */
export function signatureContent(
  { message, payload, signature }: SignatureReading,
  provenKey: KeyObject,
): SignedEntity['signature'] {
  return {
    signature,
    compareSignature: (other) => signature.equals(other),
    compareDigest: (digest) => digestIs(payload ?? message, digest),
    compareSignedDigest: (digest) => digestIs(message, digest),
    verifySignature: (key) => provenKey.equals(key),
  };
}

const HASH_BY_LENGTH: ReadonlyMap<number, string> = new Map([
  [32, 'sha256'],
  [48, 'sha384'],
  [64, 'sha512'],
]);

function digestIs(bytes: Buffer, digest: Buffer): boolean {
  const hash = HASH_BY_LENGTH.get(digest.length) ?? 'sha256';
  return createHash(hash).update(bytes).digest().equals(digest);
}
