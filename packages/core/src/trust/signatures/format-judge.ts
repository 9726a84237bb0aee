import type { Op } from '@gantry/oci';
import type { AcceptedSignature } from './accepted-signature.ts';
import { judgeReading } from './judge-reading.ts';
import { readBundle } from './read-bundle.ts';
import { readSimpleSigning } from './read-simple-signing.ts';
import type { SignatureDocument, SignatureFormat } from './signature-document.ts';
import type { SignatureQuestion } from './signature-question.ts';

/**
 * Judges the signatures of one format. A new format is a name in {@link SignatureFormat} and a judge here; a judge whose
 * signatures rest on other evidence than Sigstore's need not go through `judgeReading`.
 */
export interface FormatJudge {
  judge(document: SignatureDocument, question: SignatureQuestion, op?: Op): Promise<AcceptedSignature>;
}

/** The judge of each format. */
export const FORMAT_JUDGES: Readonly<Record<SignatureFormat, FormatJudge>> = {
  bundle: {
    judge: async (document, question, op) => judgeReading(document, readBundle(document, question, op), question, op),
  },
  'simple-signing': {
    judge: async (document, question, op) => judgeReading(document, readSimpleSigning(document, op), question, op),
  },
};
