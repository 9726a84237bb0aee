import { constants, type KeyObject, verify } from 'node:crypto';

/**
 * Whether a signature over a message was made with a key. The key alone decides the algorithm, never the signature (C14):
 * ECDSA with the hash of its curve's size, Ed25519 without one, RSA from 2,048 bits with SHA-256 and PKCS #1 v1.5 padding.
 * That is what cosign signs with. False for every other kind of key.
 */
export function verifiesBytes(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const hash = CURVE_HASHES.get(namedCurve);
      return hash !== undefined && verify(hash, message, { key, dsaEncoding: 'der' }, signature);
    }
    case 'ed25519':
      return verify(null, message, key, signature);
    case 'rsa':
      return (
        modulusLength >= MIN_RSA_BITS &&
        verify('sha256', message, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
      );
    default:
      return false;
  }
}

const MIN_RSA_BITS = 2048;

/** By the names that OpenSSL has for the curves. */
const CURVE_HASHES: ReadonlyMap<string | undefined, string> = new Map([
  ['prime256v1', 'sha256'],
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512'],
]);
