import { escapeRemote, type Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import type { AcceptedSignature } from './accepted-signature.ts';
import { compareLogEntry } from './compare-log-entry.ts';
import { type Confirmation, confirmEvidence, unconfirmedLog } from './confirm-evidence.ts';
import { evidenceDigest } from './evidence-digest.ts';
import { matchingRule, ruleText } from './identity-rules.ts';
import type { SignatureDocument } from './signature-document.ts';
import type { SignatureQuestion } from './signature-question.ts';
import type { SignatureReading } from './signature-reading.ts';
import { proofByCertificate, proofByKey, type SignerProof } from './signer-proof.ts';
import { sigstoreLibrary } from './sigstore-library.ts';

/**
 * Judges a signature whose format does not matter any more. First whether the evidence is good (`SIGNATURE_*`), then
 * whether the policy takes it (`POLICY_*`): the signer, what was signed, the claims.
 */
export async function judgeReading(
  document: SignatureDocument,
  reading: SignatureReading,
  question: SignatureQuestion,
  op?: Op,
): Promise<AcceptedSignature> {
  checkSubject(reading, question);
  const { proof, confirmation } = await judgeEvidence(reading, question, op);
  const signer = await judgeSigner(proof, question);
  checkCoverage(reading, question);
  checkClaims(reading, question);
  const { log, signedAt } = confirmation;
  return {
    evidence: evidenceDigest(document),
    format: document.format,
    signed: reading.signed,
    ...signer,
    ...(log && { log }),
    ...(signedAt && { time: signedAt.time, timeSource: signedAt.source }),
  };
}

async function judgeEvidence(
  reading: SignatureReading,
  question: SignatureQuestion,
  op: Op | undefined,
): Promise<{ proof: SignerProof; confirmation: Confirmation }> {
  const { requirement, trustRoot } = question;
  if (requirement.keys.length > 0) {
    const proof = proofByKey(reading, requirement.keys);
    for (const entry of reading.logEntries) compareLogEntry(entry, reading, proof.verifier, op);
    const confirmation =
      trustRoot !== undefined && hasAnythingToConfirm(reading, question)
        ? confirmEvidence(reading, proof, question, await sigstoreLibrary(), op)
        : confirmNothing(reading, question);
    return { proof, confirmation };
  }
  if (requirement.log === 'none' && requirement.timestamp === 'none') {
    throw coreError('SIGNATURE_TIME', 'a certificate is judged at a trusted time, and the policy asks for none');
  }
  const library = await sigstoreLibrary();
  const proof = proofByCertificate(reading, library);
  for (const entry of reading.logEntries) compareLogEntry(entry, reading, proof.verifier, op);
  return { proof, confirmation: confirmEvidence(reading, proof, question, library, op) };
}

function hasAnythingToConfirm(reading: SignatureReading, { requirement }: SignatureQuestion): boolean {
  const present = reading.logEntries.length > 0 || reading.timestamps.length > 0;
  return present || requirement.log !== 'none' || requirement.timestamp !== 'none';
}

/** A key of the policy has signed, and there is no trust root or nothing for it to confirm. */
function confirmNothing(reading: SignatureReading, { requirement }: SignatureQuestion): Confirmation {
  if (requirement.log !== 'none' || requirement.timestamp !== 'none') {
    throw coreError('SIGNATURE_TRUST_ROOT', 'the policy wants a log or a timestamp, and no trust root confirms one');
  }
  return { log: unconfirmedLog(reading.logEntries[0]), signedAt: undefined };
}

async function judgeSigner(
  proof: SignerProof,
  { requirement }: SignatureQuestion,
): Promise<Pick<AcceptedSignature, 'clause' | 'signer' | 'key' | 'identity' | 'issuer'>> {
  if ('policyKey' in proof) {
    const { policyKey } = proof;
    return { clause: `key ${policyKey.id} (${policyKey.name})`, signer: policyKey.id, key: policyKey.id };
  }
  const { leaf } = proof;
  const rule = ruleText(await matchingRule(leaf.identity, requirement.identities));
  return { clause: rule, signer: rule, identity: leaf.identity.identity, issuer: leaf.identity.issuer };
}

function checkSubject({ signed }: SignatureReading, { root, manifest }: SignatureQuestion): void {
  if (signed === root || signed === manifest) return;
  throw coreError('SIGNATURE_SUBJECT', `expected a signature of ${root} or ${manifest}, found one of ${signed}`, {
    details: { root, manifest, found: signed },
  });
}

/** Without an index both are the same manifest, which then is all that can be signed. */
function checkCoverage({ signed }: SignatureReading, { root, manifest, requirement }: SignatureQuestion): void {
  const { subject } = requirement;
  if (subject === 'either' || signed === (subject === 'index' ? root : manifest)) return;
  throw coreError('POLICY_SUBJECT', `expected the ${subject} to be signed, found a signature of ${signed}`, {
    details: { expected: subject, root, manifest, found: signed },
  });
}

function checkClaims(reading: SignatureReading, { requirement }: SignatureQuestion): void {
  for (const [name, expected] of Object.entries(requirement.claims)) {
    const found = Object.hasOwn(reading.claims, name) ? reading.claims[name] : undefined;
    if (found === expected) continue;
    const shown = found === undefined ? 'none' : escapeRemote(found);
    throw coreError('POLICY_CLAIMS', `expected the claim ${name}=${expected}, found ${shown}`, {
      details: { claim: name, expected, found: shown },
    });
  }
}
