import type { Annotations, Digest } from '@gantry/oci';

/** The forms of signature that can be judged: a Sigstore bundle, or cosign's simple-signing payload with annotations. */
export type SignatureFormat = 'bundle' | 'simple-signing';

/** A signature as it was found: bytes whose digest was checked, and nothing that anybody has judged yet. */
export interface SignatureDocument {
  readonly format: SignatureFormat;
  /** The manifest or index at which it was found. What it really is about is for the judge to find out. */
  readonly subject: Digest;
  /** The manifest in the repository that holds it. */
  readonly manifest: Digest;
  /** What the manifest says the bytes are. */
  readonly mediaType: string;
  /** The bundle's JSON, or the simple-signing payload. */
  readonly bytes: Uint8Array;
  /** Simple signing keeps signature, certificate and log entry in the annotations of the layer; empty for bundles. */
  readonly annotations: Annotations;
}
