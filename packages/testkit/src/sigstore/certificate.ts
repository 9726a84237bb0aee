import { KeyObject } from 'node:crypto';
import type { LabAuthority } from './authority.ts';
import { claimExtensions, type FulcioClaims, type IssuerClaim, issuerExtensions } from './fulcio-extensions.ts';
import { certificatePem, type LabKeyPair, type LabKeyType, labKeyPair, spki } from './keys.ts';
import { sctExtension } from './sct.ts';
import {
  certificateBody,
  EMPTY_NAME,
  freshSerial,
  signatureAlgorithm,
  signedCertificate,
  type X509Extension,
} from './x509.ts';
import {
  basicConstraints,
  extendedKeyUsage,
  KeyUse,
  keyIdentifiers,
  keyUsage,
  type SubjectName,
  subjectNames,
} from './x509-extensions.ts';

/** What a signing certificate says. Everything has a default that is right. */
export interface CertificateRequest {
  /** Default `release@example.com`. An empty list leaves the extension out. */
  readonly san?: SubjectName | readonly SubjectName[];
  /** Default `https://issuer.example`. */
  readonly issuer?: IssuerClaim;
  readonly claims?: FulcioClaims;
  /** Further extensions, which may be wrong or there twice. */
  readonly extensions?: readonly X509Extension[];
  /** Milliseconds since 1970. Default: now, for ten minutes, as Fulcio does. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** The key it is for. Default: a fresh one, P-256. A public half alone will do for an issuer that never signs. */
  readonly key?: LabKeyType | LabKeyPair | KeyObject;
  /** Object identifiers of `extendedKeyUsage`. Default: code signing. An empty list leaves the extension out. */
  readonly uses?: readonly string[];
  /** Whether it says that it may issue certificates itself. */
  readonly isCA?: boolean;
  /** The promise of the log of certificates: right (default, unless the lab has no such log), not there, or by another key. */
  readonly sct?: 'valid' | 'missing' | 'wrong-key';
  /** Who issues it. Default: the lab's intermediate authority. */
  readonly signedBy?: LabAuthority;
}

/** A signing certificate. */
export interface LabCertificate {
  readonly der: Buffer;
  readonly pem: string;
  readonly publicKey: KeyObject;
  /** What it is for; throws when the request held a public key only. */
  readonly privateKey: KeyObject;
  /** Issuers, the root last; DER. */
  readonly chain: readonly Buffer[];
}

/** Who issues what is asked for, unless the request says otherwise. */
export interface CertificateDesk {
  readonly authority: LabAuthority;
  readonly ctLog: { readonly id: Buffer; readonly privateKey: KeyObject } | undefined;
  readonly now: () => number;
}

const TEN_MINUTES = 600_000;

/** Issues a certificate as Fulcio would, or one that Fulcio never would. */
export function issueCertificate(desk: CertificateDesk, request: CertificateRequest): LabCertificate {
  const issuer = request.signedBy ?? desk.authority;
  const { publicKey, privateKey } = keysOf(request.key);
  const notBefore = request.notBefore ?? Math.floor(desk.now() / 1000) * 1000;
  const algorithm = signatureAlgorithm(issuer.privateKey);
  const serial = freshSerial();
  const extensions = extensionsOf(request, publicKey, issuer);
  const body = (all: readonly X509Extension[]): Buffer =>
    certificateBody({
      issuer: issuer.name,
      subject: EMPTY_NAME,
      publicKey,
      notBefore,
      notAfter: request.notAfter ?? notBefore + TEN_MINUTES,
      serial,
      algorithm,
      extensions: all,
    });
  const log = ctLogFor(desk, request.sct);
  const promise = log === undefined ? [] : [sctExtension(body(extensions), issuer.publicKey, log, notBefore)];
  const der = signedCertificate(body([...extensions, ...promise]), algorithm, issuer.privateKey);
  return {
    der,
    pem: certificatePem(der),
    publicKey,
    get privateKey(): KeyObject {
      if (privateKey === undefined) throw new TypeError('the certificate was asked for with a public key only');
      return privateKey;
    },
    chain: issuer.chain,
  };
}

function keysOf(key: CertificateRequest['key']): { publicKey: KeyObject; privateKey: KeyObject | undefined } {
  if (key instanceof KeyObject) return { publicKey: key, privateKey: undefined };
  return typeof key === 'object' ? key : labKeyPair(key);
}

function extensionsOf(request: CertificateRequest, publicKey: KeyObject, issuer: LabAuthority): X509Extension[] {
  const isCA = request.isCA ?? false;
  const uses = request.uses ?? [KeyUse.codeSigning];
  const names = [request.san ?? { email: 'release@example.com' }].flat();
  return [
    ...(isCA ? [basicConstraints(true)] : []),
    keyUsage(isCA),
    ...(uses.length === 0 ? [] : [extendedKeyUsage(uses)]),
    ...keyIdentifiers(spki(publicKey), spki(issuer.publicKey)),
    ...(names.length === 0 ? [] : [subjectNames(names, true)]),
    ...issuerExtensions(request.issuer ?? 'https://issuer.example'),
    ...claimExtensions(request.claims ?? {}),
    ...(request.extensions ?? []),
  ];
}

function ctLogFor(desk: CertificateDesk, sct: CertificateRequest['sct']): CertificateDesk['ctLog'] {
  if (desk.ctLog === undefined || sct === 'missing') return undefined;
  return sct === 'wrong-key' ? { id: desk.ctLog.id, privateKey: labKeyPair().privateKey } : desk.ctLog;
}
