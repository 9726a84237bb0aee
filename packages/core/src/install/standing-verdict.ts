import type { Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import { type Decision, decide, nothingAtHand } from '../trust/decide.ts';
import { loadTrustRoots, requirementsFor } from '../trust/load-trust-roots.ts';
import type { LoadedTrustRoot, TrustRoots } from '../trust/material/trust-root.ts';
import { clausesFor, type Policy } from '../trust/policy.ts';
import { policyDigest } from '../trust/policy-digest.ts';
import type { SignatureRequirement } from '../trust/requirement.ts';
import { combinedDigest } from '../trust/trust-root-digest.ts';
import type { Verdict } from '../trust/verdict.ts';
import { assertEvidence } from './assert-evidence.ts';
import { type Receipt, receiptSubject } from './receipt.ts';
import type { RootContext } from './root-context.ts';

/** What installed plugins are judged with. Nothing of it uses the network. */
export interface Standing {
  readonly policy: Policy;
  readonly trustRoots: Pick<TrustRoots, 'atHand' | 'digestAtHand'>;
}

/**
 * What today's policy says about an installed plugin. The verdict of the receipt holds as long as the policy asks for the
 * same and the trust root says the same; else the plugin is judged again from the evidence that is kept with it (`anew`
 * does so in any case). Trust material that has ended, or is gone, leaves an installed plugin its verdict and marks that
 * `stale`. A verdict older than `maxOfflineAge` is refused (`POLICY_STALE`). Throws `INSTALL_DAMAGED`.
 */
export async function standingDecision(
  context: RootContext,
  receipt: Receipt,
  standing: Standing,
  anew: boolean,
  op?: Op,
): Promise<Decision> {
  const requirements = requirementsFor(standing.policy, receipt.scopeName);
  const now = context.clock.now();
  if (requirements.length === 0) {
    const at = { ...nothingAtHand(now), gatheredAt: Date.parse(receipt.verdict.judgedAt) };
    return decide(receiptSubject(receipt), receipt.evidence, standing.policy, at, op);
  }
  assertEvidence(context, receipt);
  const kept = anew ? undefined : await keptVerdict(receipt, standing, requirements, now, op);
  const decision =
    kept === undefined
      ? await judgeAgain(context, receipt, standing, requirements, now, op)
      : { verdict: kept, refusal: undefined, rejected: [] };
  return refuseTooOld(receipt, decision, requirements, now, op);
}

/** The verdict of the receipt, when nothing that it rests on says something else today. */
async function keptVerdict(
  receipt: Receipt,
  { policy, trustRoots }: Standing,
  requirements: readonly SignatureRequirement[],
  now: number,
  op?: Op,
): Promise<Verdict | undefined> {
  const { verdict } = receipt;
  const sameRules = verdict.policyDigest === policyDigest(policy, clausesFor(policy, receipt.scopeName));
  if (!verdict.accepted || verdict.subject !== receipt.digest || !sameRules) return undefined;
  const sources = requirements.map(({ trustRoot }) => trustRoot).filter(({ type }) => type !== 'none');
  const digests = await Promise.all(sources.map((source) => trustRoots.digestAtHand(source, op)));
  const there = digests.filter((digest) => digest !== undefined);
  // Losing the cache of trust material takes nothing from what was judged by it.
  if (there.length < sources.length) return { ...verdict, stale: true };
  if (combinedDigest(there) !== verdict.trustRootDigest) return undefined;
  const { expiresAt, ...rest } = verdict;
  if (expiresAt === undefined || Date.parse(expiresAt) > now) return verdict;
  // The end of a trust root can be put off without a change of what it says.
  const loaded = await loadTrustRoots(requirements, (source) => trustRoots.atHand(source, op));
  return { ...rest, ...staleness([...loaded.values()]) };
}

function staleness(roots: readonly (LoadedTrustRoot | undefined)[]): Pick<Verdict, 'stale' | 'expiresAt'> {
  const known = roots.flatMap((root) => root ?? []);
  const ends = known.flatMap(({ goodUntil }) => goodUntil ?? []);
  return {
    stale: known.some(({ stale }) => stale),
    ...(ends.length > 0 && { expiresAt: new Date(Math.min(...ends)).toISOString() }),
  };
}

async function judgeAgain(
  context: RootContext,
  receipt: Receipt,
  { policy, trustRoots }: Standing,
  requirements: readonly SignatureRequirement[],
  now: number,
  op?: Op,
): Promise<Decision> {
  const { readEvidence } = await import('./evidence-files.ts');
  const at = {
    now,
    gatheredAt: Date.parse(receipt.verdict.judgedAt),
    trustRoots: await loadTrustRoots(requirements, (source) => trustRoots.atHand(source, op)),
    ...readEvidence(context, receipt, op),
  };
  return decide(receiptSubject(receipt), receipt.evidence, policy, at, op);
}

/** The age counts from when the registry was last in reach; a clock that runs before that time tells no age at all. */
function refuseTooOld(
  receipt: Receipt,
  decision: Decision,
  requirements: readonly SignatureRequirement[],
  now: number,
  op?: Op,
): Decision {
  const most = Math.min(...requirements.map(({ maxOfflineAge }) => maxOfflineAge ?? Number.POSITIVE_INFINITY));
  const { verdict } = decision;
  const age = now - Date.parse(verdict.judgedAt);
  const tells = age >= -coreLimits(op, 'clockSkew');
  if (decision.refusal !== undefined || most === Number.POSITIVE_INFINITY || (tells && age <= most)) return decision;
  const problem = tells ? `more than ${most} ms ago` : 'after the time of this clock';
  const reason = `it was last judged with the registry in reach at ${verdict.judgedAt}, ${problem}`;
  const refusal = coreError('POLICY_STALE', `${receipt.reference}: ${reason}`, {
    details: { reference: receipt.reference, judgedAt: verdict.judgedAt, maxOfflineAge: most },
  });
  return { ...decision, refusal, verdict: { ...verdict, accepted: false, reason } };
}
