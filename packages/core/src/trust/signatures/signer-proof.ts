import type { KeyObject } from 'node:crypto';
import { escapeRemote } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import type { PolicyKey } from '../requirement.ts';
import type { LeafCertificate } from './leaf-certificate.ts';
import { leafCertificate } from './leaf-certificate.ts';
import type { LoggedVerifier } from './log-body.ts';
import { policyKeyObject } from './policy-key-object.ts';
import type { KeyHolder, SignatureReading } from './signature-reading.ts';
import type { SigstoreLibrary } from './sigstore-library.ts';
import { verifiesBytes } from './verify-bytes.ts';

/** Whose key the signature was made with. For a certificate, who vouches for it has still to be found out. */
export type SignerProof = KeyProof | CertificateProof;

interface Proof {
  readonly key: KeyObject;
  /** What a log has to have recorded. */
  readonly verifier: LoggedVerifier;
}

/** A key of the policy. */
export interface KeyProof extends Proof {
  readonly policyKey: PolicyKey;
}

/** The key of a certificate. */
export interface CertificateProof extends Proof {
  readonly leaf: LeafCertificate;
}

/** Finds the key of the policy that verifies a signature. Throws `SIGNATURE_INVALID` when there is none. */
export function proofByKey(reading: SignatureReading, keys: readonly PolicyKey[]): KeyProof {
  if ('certificate' in reading.signer) {
    throw coreError('SIGNATURE_INVALID', 'expected a signature by a key of the policy, found one by a certificate');
  }
  for (const policyKey of inHintedOrder(keys, reading.signer)) {
    const key = policyKeyObject(policyKey);
    if (!verifiesBytes(key, reading.message, reading.signature)) continue;
    const der = key.export({ type: 'spki', format: 'der' });
    return { key, verifier: { type: 'public key', der }, policyKey };
  }
  const expected = keys.map(({ id, name }) => `${id} (${name})`).join(', ');
  throw coreError('SIGNATURE_INVALID', `the signature was made by none of the keys of the policy: ${expected}`, {
    details: { keys: keys.map(({ id }) => id) },
  });
}

/** Checks a signature with the key of the certificate that came with it. Throws `SIGNATURE_INVALID`, `SIGNATURE_CERTIFICATE`. */
export function proofByCertificate(reading: SignatureReading, library: SigstoreLibrary): CertificateProof {
  if (!('certificate' in reading.signer)) {
    throw coreError('SIGNATURE_CERTIFICATE', 'expected a signature by a certificate, found one by a key');
  }
  const leaf = leafCertificate(reading.signer.certificate, library);
  if (!verifiesBytes(leaf.key, reading.message, reading.signature)) {
    throw coreError(
      'SIGNATURE_INVALID',
      `the signature was not made with the key of ${escapeRemote(leaf.identity.identity)}`,
    );
  }
  return { key: leaf.key, verifier: { type: 'certificate', der: reading.signer.certificate }, leaf };
}

/** cosign hints at a key by the base64 of its SHA-256. A hint can put a key first and nothing else. */
function inHintedOrder(keys: readonly PolicyKey[], { keyHint }: KeyHolder): readonly PolicyKey[] {
  const hinted = keys.filter(({ id }) => Buffer.from(id.slice('sha256:'.length), 'hex').toString('base64') === keyHint);
  return hinted.length === 0 ? keys : [...hinted, ...keys.filter((key) => !hinted.includes(key))];
}
