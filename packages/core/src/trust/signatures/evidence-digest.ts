import { type Annotations, type Digest, digestOf } from '@gantry/oci';
import type { SignatureDocument } from './signature-document.ts';

/** It is asked for at every decision, and there is a decision after each signature that is found. */
const KNOWN = new WeakMap<SignatureDocument, Digest>();

/**
 * What a piece of evidence is: the SHA-256 of what was found, without the manifest that held it. The same signature in
 * two manifests is the same evidence, and counts once. Computed once for each object.
 */
export function evidenceDigest(document: SignatureDocument): Digest {
  const known = KNOWN.get(document);
  if (known !== undefined) return known;
  const { format, subject, mediaType, bytes, annotations } = document;
  const base64 = Buffer.from(bytes).toString('base64');
  const canonical = JSON.stringify([format, subject, mediaType, base64, sortedAnnotations(annotations)]);
  const digest = digestOf(Buffer.from(canonical));
  KNOWN.set(document, digest);
  return digest;
}

/** Annotations in the order of their names: their order in a manifest says nothing. */
export function sortedAnnotations(annotations: Annotations): readonly (readonly [name: string, value: string])[] {
  return Object.keys(annotations)
    .sort()
    .map((name) => [name, annotations[name] ?? ''] as const);
}
