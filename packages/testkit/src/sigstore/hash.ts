import { createHash } from 'node:crypto';

/** SHA-256 of the pieces, one after the other. */
export function sha256(...pieces: readonly (Uint8Array | string)[]): Buffer {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}
