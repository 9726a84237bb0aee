import type { Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { type Answer, plainAnswer } from './answer.ts';
import type { AtHand } from './decide.ts';
import type { PolicyClause } from './policy.ts';
import type { SignatureQuestion } from './signatures/signature-question.ts';
import type { Subject } from './verdict.ts';

/** What a trust entry with `require: cosign` says about the signatures at hand. */
export async function answerBySignatures(subject: Subject, clause: PolicyClause, at: AtHand, op?: Op): Promise<Answer> {
  const { signatures: requirement, source, scope } = clause;
  const refused = (error: NonNullable<Answer['refusal']>): Answer =>
    plainAnswer('cosign', source, error.message, error);
  if (requirement === undefined) {
    throw coreError('CONFIG_INVALID', `${source}: require cosign says nothing about who may sign`);
  }
  if (at.documents.length === 0) {
    return refused(
      coreError('SIGNATURE_MISSING', `${source} wants a signature of ${subject.root}, and there is none`, {
        details: { reference: subject.reference, policySource: source },
      }),
    );
  }
  // What judges signatures loads libraries; commands that look at none do without.
  const { judgeSignatures } = await import('./signatures/judge-signatures.ts');
  const trustRoot = at.trustRoots.get(requirement.trustRoot);
  const { root, manifest } = subject;
  const question: SignatureQuestion = {
    ...{ root, manifest, requirement, trustRoot },
    manifestBytes: at.manifests,
    now: at.now,
  };
  const soFar = at.answers?.get(requirement) ?? new Map();
  at.answers?.set(requirement, soFar);
  const { accepted, rejected, refusal } = await judgeSignatures(at.documents, question, op, soFar);
  if (refusal !== undefined) return { ...refused(refusal), signatures: accepted, rejected, trustRoot };
  const reason = `the trust entry for ${scope} accepts ${accepted.map((signature) => signature.clause).join(' and ')}`;
  return { ...plainAnswer('cosign', source, reason), signatures: accepted, rejected, trustRoot };
}
