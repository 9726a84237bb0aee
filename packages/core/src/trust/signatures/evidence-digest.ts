import { type Annotations, type Digest, digestOf } from '@gantry/oci';
import type { SignatureDocument } from './signature-document.ts';

/**
 * What a piece of evidence is: the SHA-256 of what was found, without the manifest that held it. The same signature in
 * two manifests is the same evidence, and counts once.
 */
export function evidenceDigest({ format, subject, mediaType, bytes, annotations }: SignatureDocument): Digest {
  const base64 = Buffer.from(bytes).toString('base64');
  const canonical = JSON.stringify([format, subject, mediaType, base64, sortedAnnotations(annotations)]);
  return digestOf(Buffer.from(canonical));
}

/** Annotations in the order of their names: their order in a manifest says nothing. */
export function sortedAnnotations(annotations: Annotations): readonly (readonly [name: string, value: string])[] {
  return Object.keys(annotations)
    .sort()
    .map((name) => [name, annotations[name] ?? ''] as const);
}
