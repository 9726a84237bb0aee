import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** The kinds of key that a lab makes. */
export type LabKeyType = 'P-256' | 'P-384' | 'P-521' | 'secp256k1' | 'Ed25519' | 'RSA-1024' | 'RSA-2048' | 'RSA-4096';

/** The hashes that signatures are made with. */
export type LabHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Two halves of a key. */
export interface LabKeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A fresh key pair. */
export function labKeyPair(type: LabKeyType = 'P-256'): LabKeyPair {
  if (type === 'Ed25519') return generateKeyPairSync('ed25519');
  if (type.startsWith('RSA-')) return generateKeyPairSync('rsa', { modulusLength: Number(type.slice(4)) });
  return generateKeyPairSync('ec', { namedCurve: type });
}

/** SubjectPublicKeyInfo, DER. */
export function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** SubjectPublicKeyInfo, PEM: what `cosign.pub` holds. */
export function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** PEM text of a certificate, with the line ending at its end. */
export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** The hash that X.509 and Sigstore's registry of algorithms pair with this key. */
export function usualHash(key: KeyObject): LabHash {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'secp384r1') return 'sha384';
  if (curve === 'secp521r1' || key.asymmetricKeyType === 'ed25519') return 'sha512';
  return 'sha256';
}

/** Signs: ECDSA in DER, RSA as PKCS #1 v1.5, Ed25519 without hashing first. `cosign verify --key` takes SHA-256 only. */
export function signature(data: Uint8Array, privateKey: KeyObject, hash: LabHash = 'sha256'): Buffer {
  return sign(privateKey.asymmetricKeyType === 'ed25519' ? null : hash, data, privateKey);
}

/** The name of a hash in Sigstore's JSON. */
export function hashName(hash: LabHash): string {
  return hash === 'sha1' ? 'HASH_ALGORITHM_UNSPECIFIED' : `SHA2_${hash.slice(3)}`;
}

/** The digest of data under one of the hashes. */
export function hashed(data: Uint8Array, hash: LabHash): Buffer {
  return createHash(hash).update(data).digest();
}

/** `PublicKeyDetails` of Sigstore's JSON for this key. */
export function keyDetails(key: KeyObject): string {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return 'PKIX_ED25519';
  if (key.asymmetricKeyType === 'rsa') return `PKIX_RSA_PKCS1V15_${modulusLength}_SHA256`;
  if (namedCurve === 'secp384r1') return 'PKIX_ECDSA_P384_SHA_384';
  return namedCurve === 'secp521r1' ? 'PKIX_ECDSA_P521_SHA_512' : 'PKIX_ECDSA_P256_SHA_256';
}
