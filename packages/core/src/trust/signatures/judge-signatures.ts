import { type Digest, type GantryError, isGantryError, type Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import type { AcceptedSignature, RejectedSignature } from './accepted-signature.ts';
import { evidenceDigest } from './evidence-digest.ts';
import { judgeSignature } from './judge-signature.ts';
import type { SignatureDocument } from './signature-document.ts';
import type { SignatureQuestion } from './signature-question.ts';

/** What became of the signatures of one plugin. */
export interface JudgedSignatures {
  readonly accepted: readonly AcceptedSignature[];
  readonly rejected: readonly RejectedSignature[];
  /** Why they are not enough; absent when they are. */
  readonly refusal?: GantryError;
}

/** Answers to one question by the digest of the evidence, so that asking again about more signatures judges only the new ones. */
export type AnswersSoFar = Map<Digest, AcceptedSignature | GantryError>;

/**
 * Judges signatures in the given order until enough different signers are found (C7). A signature that is there twice
 * counts once (C6), and one that is bad takes nothing from a good one (C5). Throws nothing but cancellation.
 */
export async function judgeSignatures(
  documents: Iterable<SignatureDocument>,
  question: SignatureQuestion,
  op?: Op,
  answers: AnswersSoFar = new Map(),
): Promise<JudgedSignatures> {
  const accepted: AcceptedSignature[] = [];
  const rejected: RejectedSignature[] = [];
  const errors: GantryError[] = [];
  const seen = new Set<Digest>();
  const signers = new Set<string>();
  for (const document of documents) {
    op?.signal?.throwIfAborted();
    const evidence = evidenceDigest(document);
    if (seen.has(evidence)) continue;
    seen.add(evidence);
    const answer = answers.get(evidence) ?? (await answerTo(document, question, op));
    answers.set(evidence, answer);
    if (isGantryError(answer)) {
      errors.push(answer);
      rejected.push({ evidence, format: document.format, code: answer.code, message: answer.message });
    } else {
      accepted.push(answer);
      signers.add(answer.signer);
    }
    if (signers.size >= question.requirement.threshold) return { accepted, rejected };
  }
  return { accepted, rejected, refusal: refusalOf(signers.size, errors, question) };
}

async function answerTo(
  document: SignatureDocument,
  question: SignatureQuestion,
  op?: Op,
): Promise<AcceptedSignature | GantryError> {
  try {
    return await judgeSignature(document, question, op);
  } catch (error) {
    if (isGantryError(error)) return error;
    throw error;
  }
}

function refusalOf(signers: number, errors: readonly GantryError[], question: SignatureQuestion): GantryError {
  const { threshold } = question.requirement;
  if (signers > 0) {
    return coreError(
      'POLICY_THRESHOLD',
      `expected ${threshold} different signers of ${question.root}, found ${signers}`,
      {
        details: { expected: threshold, found: signers, rejected: errors.map(({ code }) => code) },
      },
    );
  }
  const telling = mostTelling(errors);
  if (telling === undefined || telling.code === 'SIGNATURE_MISSING') {
    return coreError('SIGNATURE_MISSING', `no signature of ${question.root}`, {
      details: { root: question.root, manifest: question.manifest },
      ...(telling && { cause: telling }),
    });
  }
  return telling;
}

/** From what says least to what says most: the further a signature came, the more its refusal tells. */
const ORDER: readonly string[] = [
  'SIGNATURE_MISSING',
  'SIGNATURE_VERSION',
  'SIGNATURE_MALFORMED',
  'SIGNATURE_LIMIT',
  'SIGNATURE_SUBJECT',
  'SIGNATURE_INVALID',
  'SIGNATURE_TRUST_ROOT',
  'SIGNATURE_CERTIFICATE',
  'SIGNATURE_LOG',
  'SIGNATURE_TIME',
  'POLICY_IDENTITY',
  'POLICY_SUBJECT',
  'POLICY_CLAIMS',
];

function mostTelling(errors: readonly GantryError[]): GantryError | undefined {
  return errors.reduce<GantryError | undefined>(
    (best, error) => (best !== undefined && ORDER.indexOf(best.code) >= ORDER.indexOf(error.code) ? best : error),
    undefined,
  );
}
