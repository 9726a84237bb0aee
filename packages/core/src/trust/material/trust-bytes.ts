import type { Digest } from '@gantry/oci';

/** Trust material as a source has it: a `trusted_root.json` and the digest of what it says. */
export interface TrustBytes {
  readonly digest: Digest;
  /** For messages: the file, the mirror. */
  readonly name: string;
  /** Makes the document when it is needed; knowing the digest parses nothing. */
  readonly bytes: () => Uint8Array;
}
