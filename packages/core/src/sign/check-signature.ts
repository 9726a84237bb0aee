import type { Digest, Op } from '@gantry/oci';
import { policyKey } from '../trust/material/policy-key.ts';
import type { LoadedTrustRoot } from '../trust/material/trust-root.ts';
import type { SignatureRequirement } from '../trust/requirement.ts';
import { judgeSignature } from '../trust/signatures/judge-signature.ts';
import { leafCertificate } from '../trust/signatures/leaf-certificate.ts';
import type { SignatureDocument } from '../trust/signatures/signature-document.ts';
import { sigstoreLibrary } from '../trust/signatures/sigstore-library.ts';
import type { Signer } from './signer.ts';
import type { Claims } from './statement.ts';

/** What a signature by one signer is judged against. */
export interface SignerCheck {
  readonly signer: Signer;
  readonly claims: Claims;
  readonly trustRoot: LoadedTrustRoot | undefined;
  /** Whether log entries are there, which the trust root then has to confirm. */
  readonly logged: boolean;
  readonly now: number;
}

/**
 * Judges a signature as whoever verifies it later does: it has to be one by this signer, over this digest, with these
 * claims. Throws what the judge throws.
 */
export async function checkSignature(
  document: SignatureDocument,
  signed: Digest,
  check: SignerCheck,
  op?: Op,
): Promise<void> {
  const { trustRoot, now } = check;
  const requirement = await requirementOf(check);
  await judgeSignature(document, { root: signed, manifest: signed, requirement, trustRoot, now }, op);
}

async function requirementOf({ signer, claims, trustRoot, logged }: SignerCheck): Promise<SignatureRequirement> {
  const common = {
    threshold: 1,
    log: logged && trustRoot !== undefined ? 'required' : 'none',
    subject: 'either',
    claims,
    trustRoot: { type: 'none' },
  } as const;
  if (signer.certificate === undefined) {
    const keys = [policyKey(signer.publicKey, 'the key that signed')];
    return { ...common, keys, identities: [], timestamp: 'none', ct: 'none' };
  }
  const { identity, issuer } = await certifiedIdentity(signer.certificate);
  return {
    ...common,
    keys: [],
    identities: [{ issuer: { exact: issuer }, identity: { exact: identity } }],
    timestamp: 'any',
    ct: (trustRoot?.root.ctlogs.length ?? 0) > 0 ? 'required' : 'none',
  };
}

/** Who a certificate says that the signer is. */
export async function certifiedIdentity(certificate: Uint8Array): Promise<{ identity: string; issuer: string }> {
  return leafCertificate(Buffer.from(certificate), await sigstoreLibrary()).identity;
}
