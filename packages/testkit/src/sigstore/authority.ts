import type { KeyObject } from 'node:crypto';
import { type LabKeyPair, type LabKeyType, labKeyPair, spki } from './keys.ts';
import { certificateBody, distinguishedName, freshSerial, signatureAlgorithm, signedCertificate } from './x509.ts';
import { basicConstraints, extendedKeyUsage, KeyUse, keyIdentifiers, keyUsage } from './x509-extensions.ts';

/** Somebody who issues certificates, or signs with one: a key and the certificates that vouch for it. */
export interface LabAuthority {
  /** Its own name, and that of who issued its certificate; DER. */
  readonly name: Buffer;
  readonly issuer: Buffer;
  readonly serial: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Its own certificate first, the root last; DER. */
  readonly chain: readonly Buffer[];
}

/** Options of {@link labAuthority}. */
export interface AuthorityOptions {
  /** Who issues its certificate. Default: itself. */
  readonly signedBy?: LabAuthority;
  readonly keyType?: LabKeyType;
  /** `pathLenConstraint`. */
  readonly pathLength?: number;
  /** What it may do: issue certificates (default), certificates for signing code, or time stamps. */
  readonly use?: 'issue' | 'codeSigning' | 'timeStamping';
  /** Milliseconds since 1970. Default: a year before and nine years after `now`. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

const YEAR = 365 * 86_400_000;

/** Makes an authority whose common name this is. */
export function labAuthority(commonName: string, now: number, options: AuthorityOptions = {}): LabAuthority {
  const pair: LabKeyPair = labKeyPair(options.keyType ?? 'P-384');
  const name = distinguishedName('lab', commonName);
  const serial = freshSerial();
  const use = options.use ?? 'issue';
  const issuer = options.signedBy ?? { name, chain: [], ...pair };
  const algorithm = signatureAlgorithm(issuer.privateKey);
  const body = certificateBody({
    issuer: issuer.name,
    subject: name,
    publicKey: pair.publicKey,
    notBefore: options.notBefore ?? now - YEAR,
    notAfter: options.notAfter ?? now + 9 * YEAR,
    serial,
    algorithm,
    extensions: [
      ...(use === 'timeStamping' ? [] : [basicConstraints(true, options.pathLength)]),
      keyUsage(use !== 'timeStamping'),
      ...(use === 'issue' ? [] : [extendedKeyUsage([KeyUse[use]], use === 'timeStamping')]),
      ...keyIdentifiers(spki(pair.publicKey), spki(issuer.publicKey)),
    ],
  });
  const certificate = signedCertificate(body, algorithm, issuer.privateKey);
  return { name, issuer: issuer.name, serial, ...pair, chain: [certificate, ...issuer.chain] };
}
