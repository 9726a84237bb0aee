import type { Digest, Op } from '@gantry/oci';
import type { KeyAlgorithm } from './key-algorithm.ts';

/**
 * Signs bytes. Gantry has two: a key from a file, and a key that lives for one operation with a certificate of Fulcio.
 * Whoever keeps keys elsewhere writes a third.
 */
export interface Signer {
  /** The public key: SPKI, PEM. */
  readonly publicKey: string;
  /** SHA-256 of the public key (SPKI, DER). */
  readonly keyId: Digest;
  /** How {@link Signer.sign} signs; it follows from the key. */
  readonly algorithm: KeyAlgorithm;
  /** The certificate for the public key, DER. Absent: who verifies must have the key. */
  readonly certificate?: Uint8Array;
  /** The signature over the bytes: ECDSA in DER, RSA with PKCS #1 v1.5, Ed25519 as it is. */
  sign(bytes: Uint8Array, op?: Op): Promise<Uint8Array>;
}
