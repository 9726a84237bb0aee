import { type Digest, digestAlgorithm, digestOf, isDigest } from '../digest.ts';
import { escapeRemote } from '../escape.ts';
import { ociError } from '../oci-errors.ts';
import type { TransportResponse } from '../transport/transport.ts';

/**
 * The digest of bytes that an answer is about. Hashed here, never believed: `Docker-Content-Digest` must agree when it is
 * there (and chooses the algorithm when nothing else does), and so must `expected`. Throws `CONTENT_DIGEST_MISMATCH`, or
 * `REGISTRY_PROTOCOL` for a header that is no digest.
 */
export function confirmDigest(name: string, bytes: Uint8Array, response: TransportResponse, expected?: Digest): Digest {
  const claimed = digestHeader(name, response);
  for (const digest of [expected, claimed]) {
    if (digest !== undefined) mustEqual(name, digest, digestOf(bytes, digestAlgorithm(digest)));
  }
  return expected ?? claimed ?? digestOf(bytes);
}

/**
 * Compares the digest that a registry answers an upload with; a digest of another algorithm says nothing about bytes that
 * are gone. Throws as {@link confirmDigest}.
 */
export function confirmStored(name: string, response: TransportResponse, expected: Digest): void {
  const claimed = digestHeader(name, response);
  if (claimed !== undefined && digestAlgorithm(claimed) === digestAlgorithm(expected))
    mustEqual(name, expected, claimed);
}

function digestHeader(name: string, response: TransportResponse): Digest | undefined {
  const header = response.header('docker-content-digest');
  if (header === undefined || isDigest(header)) return header;
  throw ociError('REGISTRY_PROTOCOL', `${name}: Docker-Content-Digest is not a digest: ${escapeRemote(header)}`);
}

function mustEqual(name: string, expected: Digest, found: Digest): void {
  if (expected === found) return;
  throw ociError('CONTENT_DIGEST_MISMATCH', `${name}: expected ${expected}, found ${found}`, {
    details: { expected, found },
  });
}
