import { generateKeyPairSync } from 'node:crypto';
import { type Digest, digestOf } from '@gantry/oci';
import { sealKey } from './sealed-key.ts';
import { writePem } from './write-pem.ts';

/** A new pair of keys, as the files that hold them. */
export interface KeyPair {
  /** PEM, encrypted with the password as cosign does. */
  readonly privateKey: string;
  /** SPKI, PEM. */
  readonly publicKey: string;
  /** SHA-256 of the public key (SPKI, DER): how policies and verdicts name it. */
  readonly id: Digest;
}

/**
 * Makes a P-256 key pair in the form of `cosign generate-key-pair`, which cosign signs with and verifies by. The password may
 * be empty; the private key is encrypted all the same.
 */
export async function generateKeyPair(password: string): Promise<KeyPair> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  const sealed = await sealKey(privateKey, password);
  privateKey.fill(0);
  return {
    privateKey: writePem('ENCRYPTED SIGSTORE PRIVATE KEY', sealed),
    publicKey: writePem('PUBLIC KEY', publicKey),
    id: digestOf(publicKey),
  };
}
