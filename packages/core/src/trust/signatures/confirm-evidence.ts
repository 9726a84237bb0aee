import type { Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { coreLimits } from '../../core-limits.ts';
import type { LogFact } from './accepted-signature.ts';
import { checkLogPeriod, checkProof, entriesOfKnownLogs } from './log-authority.ts';
import { signatureContent } from './signature-content.ts';
import type { SignatureQuestion } from './signature-question.ts';
import type { LogEntry, SignatureReading } from './signature-reading.ts';
import type { SignerProof } from './signer-proof.ts';
import { guarded, type SigstoreLibrary } from './sigstore-library.ts';
import { trustMaterial } from './trust-material.ts';
import {
  checkTimes,
  hasSignedTime,
  type SigningTime,
  signingTimes,
  stampsOfKnownAuthorities,
} from './trusted-times.ts';
import { hasKnownSct, withoutScts } from './without-scts.ts';

/** What logs and authorities have confirmed about a signature. */
export interface Confirmation {
  readonly log: LogFact | undefined;
  /** The earliest trusted time: a later stamp on an old signature does not make it young. */
  readonly signedAt: SigningTime | undefined;
}

/**
 * Confirms certificate, log entries and timestamps with the trust root. What is required has to be there; what is there
 * has to be right, as far as the trust root knows who made it. Throws `SIGNATURE_TRUST_ROOT`, `SIGNATURE_CERTIFICATE`,
 * `SIGNATURE_LOG`, `SIGNATURE_TIME`.
 */
export function confirmEvidence(
  reading: SignatureReading,
  proof: SignerProof,
  question: SignatureQuestion,
  library: SigstoreLibrary,
  op?: Op,
): Confirmation {
  const { requirement, trustRoot, now } = question;
  if (trustRoot === undefined)
    throw coreError('SIGNATURE_TRUST_ROOT', 'a certificate is judged with a trust root only');
  const material = trustMaterial(trustRoot, library);
  const logWanted = requirement.log === 'required' || requirement.timestamp === 'log';
  const known = entriesOfKnownLogs(reading.logEntries, material.tlogs, logWanted);
  const entries = known.map(({ entry }) => entry);
  if (requirement.log === 'required' && entries.length === 0) {
    throw coreError('SIGNATURE_LOG', 'expected an entry in a transparency log, found none');
  }
  for (const one of known) checkProof(one);
  const stamps = stampsOfKnownAuthorities(reading.timestamps, material, library);
  const times = signingTimes(entries, stamps);
  checkTimes(times, timeWanted(question, proof), now + coreLimits(op, 'clockSkew'));
  const moments = times.map(({ time }) => time);
  for (const one of known) checkLogPeriod(one, moments, now);
  const ctThreshold = 'leaf' in proof && requirement.ct === 'required' ? 1 : 0;
  const verifier = new library.Verifier(
    { ...material, publicKey: () => ({ publicKey: proof.key, validFor: () => true }) },
    { tlogThreshold: 0, ctlogThreshold: ctThreshold, timestampThreshold: 0 },
  );
  guarded(() =>
    verifier.verify({
      signature: signatureContent(reading, proof.key),
      key: signingKey(),
      tlogEntries: [...entries],
      timestamps: [
        ...entries.filter(hasSignedTime).map((tlogEntry) => ({ $case: 'transparency-log' as const, tlogEntry })),
        ...stamps.map((timestamp) => ({ $case: 'timestamp-authority' as const, timestamp })),
      ],
    }),
  );
  return { log: logFact(entries[0] ?? reading.logEntries[0], entries.length > 0), signedAt: earliest(times) };

  function signingKey(): Parameters<typeof verifier.verify>[0]['key'] {
    if (!('leaf' in proof)) return { $case: 'public-key', hint: '' };
    const { x509 } = proof.leaf;
    const certificate = ctThreshold > 0 || hasKnownSct(x509, material) ? x509 : withoutScts(x509, library);
    return { $case: 'certificate', certificate };
  }
}

/** A log entry that fits the signature, and that nothing at hand can confirm. */
export function unconfirmedLog(entry: LogEntry | undefined): LogFact | undefined {
  return logFact(entry, false);
}

/** A certificate is valid for minutes, so that it says nothing without a time. */
function timeWanted({ requirement }: SignatureQuestion, proof: SignerProof): 'log' | 'tsa' | 'any' | 'none' {
  return 'leaf' in proof && requirement.timestamp === 'none' ? 'any' : requirement.timestamp;
}

function logFact(entry: LogEntry | undefined, verified: boolean): LogFact | undefined {
  if (entry === undefined) return undefined;
  // A promise signs the index of the entry. A proof knows another one, that in its tree; both are the same in Rekor v2.
  const index = entry.inclusionPromise === undefined ? entry.inclusionProof?.logIndex : entry.logIndex;
  return { index: index ?? entry.logIndex, id: entry.logId.keyId.toString('hex'), verified };
}

function earliest(times: readonly SigningTime[]): SigningTime | undefined {
  return times.reduce<SigningTime | undefined>((a, b) => (a === undefined || b.time < a.time ? b : a), undefined);
}
