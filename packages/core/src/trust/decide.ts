import type { Evidence } from './evidence.ts';
import { clausesFor, type Policy, type PolicyClause, policyDigest } from './policy.ts';
import type { PolicyName, Subject, Verdict } from './verdict.ts';

/** What one rule says. */
interface Answer {
  readonly accepted: boolean;
  readonly policy: PolicyName;
  readonly source: string;
  readonly reason: string;
}

/**
 * Decides about a plugin from evidence that is at hand. Pure: no I/O, no clock; the same question always has the same
 * answer, so a receipt can be judged again at every start. All matching entries must accept; evidence that is missing
 * is a refusal.
 */
export function decide(subject: Subject, evidence: readonly Evidence[], policy: Policy): Verdict {
  const clauses = clausesFor(policy, subject.scopeName);
  const answers =
    clauses.length === 0
      ? [answerByDefault(subject, evidence, policy)]
      : clauses.map((clause) => answerByClause(subject, evidence, clause));
  const refusal = answers.find((answer) => !answer.accepted);
  // The strictest of several accepting entries is the one worth naming.
  const deciding = refusal ?? answers.find((answer) => answer.policy === 'digest') ?? answers[0];
  return {
    accepted: refusal === undefined && deciding !== undefined,
    policy: deciding?.policy ?? policy.fallback,
    policySource: deciding?.source ?? 'default',
    policyDigest: policyDigest(policy, clauses),
    subject: subject.root,
    covers: subject.root === subject.manifest ? 'platform' : 'index',
    signer: 'unsigned',
    reason: deciding?.reason ?? 'no rule answers',
  };
}

function answerByClause(subject: Subject, evidence: readonly Evidence[], clause: PolicyClause): Answer {
  const source = clause.source;
  if (clause.require === 'none') {
    return { accepted: true, policy: 'none', source, reason: `the trust entry for ${clause.scope} asks for nothing` };
  }
  return answerByPin(subject, evidence, source, `the trust entry for ${clause.scope}`);
}

function answerByDefault(subject: Subject, evidence: readonly Evidence[], policy: Policy): Answer {
  if (policy.fallback === 'none') {
    return { accepted: true, policy: 'none', source: 'default', reason: 'no trust entry matches and none is needed' };
  }
  const pinned = answerByPin(subject, evidence, 'default', 'the default policy');
  if (pinned.accepted) return pinned;
  if (subject.local) {
    return { accepted: true, policy: 'local', source: 'default', reason: 'it is a local file that the user named' };
  }
  if (hasEvidence(subject, evidence, 'consent')) {
    return { accepted: true, policy: 'none', source: '--allow-unsigned', reason: 'the user accepted it unsigned' };
  }
  return pinned;
}

function answerByPin(subject: Subject, evidence: readonly Evidence[], source: string, who: string): Answer {
  return hasEvidence(subject, evidence, 'pin')
    ? { accepted: true, policy: 'digest', source, reason: 'the user named its digest' }
    : { accepted: false, policy: 'digest', source, reason: `${who} wants a digest and only a tag or path was named` };
}

/** Evidence counts only when it is about these very bytes. */
function hasEvidence(subject: Subject, evidence: readonly Evidence[], type: Evidence['type']): boolean {
  return evidence.some((item) => item.type === type && item.digest === subject.root);
}
