import type { Digest, GantryError, Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { type Answer, plainAnswer } from './answer.ts';
import type { Evidence } from './evidence.ts';
import type { LoadedTrustRoot, TrustRootSource } from './material/trust-root.ts';
import { clausesFor, type Policy, type PolicyClause } from './policy.ts';
import { policyDigest } from './policy-digest.ts';
import type { SignatureRequirement } from './requirement.ts';
import type { RejectedSignature } from './signatures/accepted-signature.ts';
import type { AnswersSoFar } from './signatures/judge-signatures.ts';
import type { SignatureDocument } from './signatures/signature-document.ts';
import { combinedDigest } from './trust-root-digest.ts';
import type { PolicyName, Subject, Verdict } from './verdict.ts';

/** What is at hand for a decision, so that deciding does no I/O. */
export interface AtHand {
  /** Milliseconds since 1970: the host's clock. */
  readonly now: number;
  /** Milliseconds since 1970: when the evidence was gathered. */
  readonly gatheredAt: number;
  readonly documents: readonly SignatureDocument[];
  /** The bytes of the index and of the platform's manifest, which some signatures are over. */
  readonly manifests: readonly Uint8Array[];
  readonly trustRoots: ReadonlyMap<TrustRootSource, LoadedTrustRoot | undefined>;
  /** What was answered about the same question with fewer documents. */
  readonly answers?: WeakMap<SignatureRequirement, AnswersSoFar>;
}

/** Nothing is at hand: enough for every rule but `cosign`. */
export function nothingAtHand(now: number): AtHand {
  return { now, gatheredAt: now, documents: [], manifests: [], trustRoots: new Map() };
}

/** A verdict and what led to it. */
export interface Decision {
  readonly verdict: Verdict;
  /** What to throw for a verdict that refuses; undefined when it accepts. */
  readonly refusal: GantryError | undefined;
  /** Signatures that were looked at and do not count. */
  readonly rejected: readonly RejectedSignature[];
}

/** From the strictest on: of several entries that accept it is this one that is worth naming. */
const STRICTEST: readonly PolicyName[] = ['cosign', 'digest', 'local', 'none'];

/**
 * Decides about a plugin from evidence that is at hand. No I/O and no clock of its own; the same question always has the
 * same answer, so a receipt can be judged again at every start. All matching entries must accept; evidence that is missing
 * is a refusal.
 */
export async function decide(
  subject: Subject,
  evidence: readonly Evidence[],
  policy: Policy,
  at: AtHand,
  op?: Op,
): Promise<Decision> {
  const clauses = clausesFor(policy, subject.scopeName);
  const answers = await answersOf(subject, evidence, policy, clauses, at, op);
  const refused = answers.find(({ refusal }) => refusal !== undefined);
  const verdict = verdictOf(subject, policyDigest(policy, clauses), answers, refused ?? strictest(answers), at);
  return { verdict, refusal: refused?.refusal, rejected: answers.flatMap(({ rejected }) => rejected) };
}

async function answersOf(
  subject: Subject,
  evidence: readonly Evidence[],
  policy: Policy,
  clauses: readonly PolicyClause[],
  at: AtHand,
  op: Op | undefined,
): Promise<readonly Answer[]> {
  if (clauses.length === 0) return [answerByDefault(subject, evidence, policy)];
  const plain = clauses.flatMap((clause) => answerByClause(subject, evidence, clause) ?? []);
  const signed = clauses.filter(({ require }) => require === 'cosign');
  // What is refused anyway is refused without looking at signatures.
  if (signed.length === 0 || plain.some(({ refusal }) => refusal !== undefined)) return plain;
  const { answerBySignatures } = await import('./answer-by-signatures.ts');
  const answers: Answer[] = [...plain];
  for (const clause of signed) answers.push(await answerBySignatures(subject, clause, at, op));
  return answers;
}

function strictest(answers: readonly Answer[]): Answer | undefined {
  return STRICTEST.flatMap((policy) => answers.find((answer) => answer.policy === policy) ?? [])[0];
}

function verdictOf(
  subject: Subject,
  rules: Digest,
  answers: readonly Answer[],
  deciding: Answer | undefined,
  at: AtHand,
): Verdict {
  const accepted = deciding !== undefined && deciding.refusal === undefined;
  const signatures = answers.flatMap((answer) => answer.signatures);
  const roots = answers.flatMap(({ trustRoot }) => trustRoot ?? []);
  const trustRootDigest = combinedDigest(roots.map(({ digest }) => digest));
  const ends = roots.flatMap(({ goodUntil }) => goodUntil ?? []);
  const signers = [...new Set(signatures.map(({ clause }) => clause))];
  return {
    accepted,
    policy: deciding?.policy ?? 'digest',
    policySource: deciding?.source ?? 'default',
    policyDigest: rules,
    ...(trustRootDigest !== undefined && { trustRootDigest }),
    subject: subject.root,
    covers: coverageOf(subject, answers),
    signer: accepted && signers.length > 0 ? signers.join(', ') : 'unsigned',
    signatures,
    evidence: [...new Set(signatures.map((signature) => signature.evidence))].sort(),
    judgedAt: new Date(at.gatheredAt).toISOString(),
    ...(ends.length > 0 && { expiresAt: new Date(Math.min(...ends)).toISOString() }),
    stale: roots.some(({ stale }) => stale),
    reason: deciding?.reason ?? 'no rule answers',
  };
}

/** A signed index covers its children, a signed child only itself; of several entries and signers the narrowest counts. */
function coverageOf(subject: Subject, answers: readonly Answer[]): Verdict['covers'] {
  if (subject.root === subject.manifest) return 'platform';
  const signed = answers.filter(({ signatures }) => signatures.length > 0);
  return signed.every(({ signatures }) => signatures.every((signature) => signature.signed === subject.root))
    ? 'index'
    : 'platform';
}

/** What an entry says that needs no signatures; undefined for one that does. */
function answerByClause(subject: Subject, evidence: readonly Evidence[], clause: PolicyClause): Answer | undefined {
  const { scope, source } = clause;
  if (clause.require === 'cosign') return undefined;
  if (clause.require === 'none') return plainAnswer('none', source, `the trust entry for ${scope} asks for nothing`);
  return answerByPin(subject, evidence, source, `the trust entry for ${scope}`);
}

function answerByDefault(subject: Subject, evidence: readonly Evidence[], policy: Policy): Answer {
  if (policy.fallback === 'none') return plainAnswer('none', 'default', 'no trust entry matches and none is needed');
  const pinned = answerByPin(subject, evidence, 'default', 'the default policy');
  if (pinned.refusal === undefined) return pinned;
  if (subject.local) return plainAnswer('local', 'default', 'it is a local file that the user named');
  return find(subject, evidence, 'consent') === undefined
    ? pinned
    : plainAnswer('none', '--allow-unsigned', 'the user accepted it unsigned');
}

function answerByPin(subject: Subject, evidence: readonly Evidence[], source: string, who: string): Answer {
  const pin = find(subject, evidence, 'pin');
  if (pin !== undefined) {
    const by = pin.type === 'pin' && pin.by === 'lock' ? 'gantry.lock names its digest' : 'the user named its digest';
    return plainAnswer('digest', source, by);
  }
  const reason = `${who} wants a digest and only a tag or path was named`;
  const refusal = coreError('POLICY_UNPINNED', `${subject.reference}: ${reason}`, {
    details: { reference: subject.reference, policy: 'digest', policySource: source },
    // A configured entry is never overridden by the flag, so the flag is no advice there.
    ...(source === 'default' ? {} : { hint: `name the digest, or change ${source}` }),
  });
  return plainAnswer('digest', source, reason, refusal);
}

/** Evidence counts only when it is about these very bytes. */
function find(subject: Subject, evidence: readonly Evidence[], type: Evidence['type']): Evidence | undefined {
  return evidence.find((item) => item.type === type && item.digest === subject.root);
}
