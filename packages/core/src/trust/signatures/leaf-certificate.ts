import { createPublicKey, type KeyObject } from 'node:crypto';
import type { X509Certificate } from '@sigstore/core';
import { coreError } from '../../core-errors.ts';
import { type Extension, extensionsOf } from './certificate-extensions.ts';
import { type SignerIdentity, signerIdentity } from './signer-identity.ts';
import { guarded, type SigstoreLibrary } from './sigstore-library.ts';

/** A certificate for signing code: read and found fit for that. Who issued it is another question. */
export interface LeafCertificate {
  readonly x509: X509Certificate;
  readonly key: KeyObject;
  readonly identity: SignerIdentity;
}

const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

/** Extensions that are understood here or by the library; a critical one that is not refuses the certificate (RFC 5280, 4.2). */
const UNDERSTOOD: ReadonlySet<string> = new Set([KEY_USAGE, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, '2.5.29.17']);

/** Reads the certificate of a signer. Throws `SIGNATURE_CERTIFICATE`, or `SIGNATURE_MALFORMED` when it is not one. */
export function leafCertificate(der: Buffer, library: SigstoreLibrary): LeafCertificate {
  return guarded(() => {
    const x509 = library.X509Certificate.parse(Buffer.from(der));
    const extensions = extensionsOf(x509, library);
    checkUse(x509, extensions);
    checkAlgorithms(x509);
    const key = createPublicKey({ key: x509.publicKey, format: 'der', type: 'spki' });
    return { x509, key, identity: signerIdentity(extensions) };
  });
}

function checkUse(x509: X509Certificate, extensions: ReadonlyMap<string, Extension>): void {
  const uses =
    extensions
      .get(EXTENDED_KEY_USAGE)
      ?.der()
      .subs.map((use) => use.toOID()) ?? [];
  if (!uses.includes(CODE_SIGNING)) {
    throw coreError('SIGNATURE_CERTIFICATE', 'the certificate is not for signing code (extended key usage)');
  }
  if (x509.extBasicConstraints?.isCA === true) {
    throw coreError('SIGNATURE_CERTIFICATE', 'the certificate is one of an authority, not of a signer');
  }
  if (x509.extKeyUsage?.digitalSignature === false) {
    throw coreError('SIGNATURE_CERTIFICATE', 'the key of the certificate is not for signatures (key usage)');
  }
  for (const [oid, { critical }] of extensions) {
    if (critical && !UNDERSTOOD.has(oid)) {
      throw coreError('SIGNATURE_CERTIFICATE', `the certificate has the critical extension ${oid}, which is not known`);
    }
  }
}

/** The algorithm stands in the signed part and again outside of it (RFC 5280, 4.1.1.2). */
function checkAlgorithms(x509: X509Certificate): void {
  const inside = x509.tbsCertificate.subs[2]?.toDER().toString('hex');
  const outside = x509.root.subs[1]?.toDER().toString('hex');
  if (inside !== outside) {
    throw coreError('SIGNATURE_CERTIFICATE', 'the certificate names two signature algorithms');
  }
}
