import type { KeyObject } from 'node:crypto';
import type { CertificateRequest, LabCertificate } from './certificate.ts';
import type { LabHash, LabKeyPair } from './keys.ts';
import type { SigstoreLab } from './lab.ts';
import type { LabVerifier } from './log-bodies.ts';

/** Who signs: somebody with a certificate (asked for, or at hand), or a bare key. Default: `release@example.com`. */
export interface SignerOptions {
  readonly identity?: CertificateRequest | LabCertificate;
  readonly key?: LabKeyPair;
  /** Signs in place of the key that the certificate or the hint tells of. */
  readonly signingKey?: KeyObject;
  /** Default SHA-256: the only one that `cosign verify --key` takes, whatever the key. */
  readonly hash?: LabHash;
}

/** The signer that the options tell of. */
export interface LabSigner {
  readonly certificate: LabCertificate | undefined;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly hash: LabHash;
  readonly verifier: LabVerifier;
}

/** Gets the certificate, when there is to be one. */
export function labSigner(lab: SigstoreLab, options: SignerOptions): LabSigner {
  const { key, identity } = options;
  const certificate = key !== undefined && identity === undefined ? undefined : certificateOf(lab, identity, key);
  const publicKey = certificate?.publicKey ?? key?.publicKey;
  const signingKey = options.signingKey ?? key?.privateKey ?? certificate?.privateKey;
  if (publicKey === undefined || signingKey === undefined) throw new TypeError('nobody to sign');
  return {
    certificate,
    publicKey,
    signingKey,
    hash: options.hash ?? 'sha256',
    verifier: certificate ?? publicKey,
  };
}

function certificateOf(
  lab: SigstoreLab,
  identity: CertificateRequest | LabCertificate = {},
  key: LabKeyPair | undefined,
): LabCertificate {
  if ('der' in identity) return identity;
  return lab.certificate(key === undefined ? identity : { key, ...identity });
}
