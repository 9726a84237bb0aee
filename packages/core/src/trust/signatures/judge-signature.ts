import { type GantryError, isGantryError, type Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import type { AcceptedSignature } from './accepted-signature.ts';
import { FORMAT_JUDGES } from './format-judge.ts';
import type { SignatureDocument } from './signature-document.ts';
import type { SignatureQuestion } from './signature-question.ts';

/**
 * Judges one signature: whether it is genuine, about the digest in question, by somebody whom the requirement names, and
 * with all else that the requirement asks for. Pure but for modules that it loads when they are first needed: no I/O, no
 * clock but `question.now`. Throws `SIGNATURE_*` when the evidence is bad and `POLICY_*` when it is good and not accepted;
 * whatever else is thrown on the way is `SIGNATURE_MALFORMED`.
 */
export async function judgeSignature(
  document: SignatureDocument,
  question: SignatureQuestion,
  op?: Op,
): Promise<AcceptedSignature> {
  try {
    return await FORMAT_JUDGES[document.format].judge(document, question, op);
  } catch (cause) {
    throw refusal(document, cause);
  }
}

function refusal(document: SignatureDocument, cause: unknown): GantryError {
  if (isGantryError(cause)) return cause;
  return coreError('SIGNATURE_MALFORMED', `the signature at ${document.subject} cannot be read`, { cause });
}
