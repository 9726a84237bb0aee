import { type Digest, digestOf } from '@gantry/oci';
import type { SignatureDocument } from './signature-document.ts';

/**
 * What a piece of evidence is: the SHA-256 of what was found, without the manifest that held it. The same signature in
 * two manifests is the same evidence, and counts once.
 */
export function evidenceDigest({ format, subject, mediaType, bytes, annotations }: SignatureDocument): Digest {
  const sorted = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = JSON.stringify([format, subject, mediaType, Buffer.from(bytes).toString('base64'), sorted]);
  return digestOf(Buffer.from(canonical));
}
