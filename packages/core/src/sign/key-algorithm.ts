import { type KeyObject, sign } from 'node:crypto';
import { invalidPrivateKey } from './invalid-private-key.ts';

/** How a kind of key signs, with the names that the documents of Sigstore have for it. */
export interface KeyAlgorithm {
  /** What the bytes are hashed with; undefined for Ed25519, which takes the bytes themselves. */
  readonly hash: SignatureHash | undefined;
  /** `PublicKeyDetails` of sigstore_common.proto; logs compare it with the key. */
  readonly details: string;
}

/** Hashes that signatures are made over. */
export type SignatureHash = 'sha256' | 'sha384' | 'sha512';

const CURVES: Readonly<Record<string, KeyAlgorithm>> = {
  prime256v1: { hash: 'sha256', details: 'PKIX_ECDSA_P256_SHA_256' },
  secp384r1: { hash: 'sha384', details: 'PKIX_ECDSA_P384_SHA_384' },
  secp521r1: { hash: 'sha512', details: 'PKIX_ECDSA_P521_SHA_512' },
};
/** The lengths that cosign accepts, which is stricter about them than about anything else. */
const RSA_BITS: readonly number[] = [2048, 3072, 4096];

/**
 * The algorithm of a key, private or public: one for each kind of key, chosen by the key alone, as cosign signs (apart from
 * Ed25519, which cosign hashes first when it signs and does not when it verifies). Throws `CONFIG_KEY_INVALID`.
 */
export function keyAlgorithm(key: KeyObject, name: string): KeyAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const curve = CURVES[details?.namedCurve ?? ''];
  if (type === 'ec' && curve !== undefined) return curve;
  if (type === 'ed25519') return { hash: undefined, details: 'PKIX_ED25519' };
  const bits = details?.modulusLength ?? 0;
  if (type === 'rsa' && RSA_BITS.includes(bits)) return { hash: 'sha256', details: `PKIX_RSA_PKCS1V15_${bits}_SHA256` };
  const found = [type ?? 'a secret', details?.namedCurve, bits === 0 ? undefined : `${bits} bits`];
  throw invalidPrivateKey(
    `${name}: expected a P-256, P-384, P-521, Ed25519 or RSA key (2048, 3072 or 4096 bits), found ${found.filter(Boolean).join(', ')}`,
  );
}

/** Signs bytes: ECDSA in DER, RSA with PKCS #1 v1.5. */
export function signBytes(key: KeyObject, { hash }: KeyAlgorithm, bytes: Uint8Array): Buffer {
  return sign(hash ?? null, bytes, key);
}
