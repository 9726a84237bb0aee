import type { Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { decide } from './decide.ts';
import { type Consent, gatherEvidence } from './evidence.ts';
import { DEFAULT_POLICY, type Policy } from './policy.ts';
import type { Subject, Verdict } from './verdict.ts';
import { admit, type VerifiedPlugin } from './verified-plugin.ts';

/**
 * Gathers what speaks for a resolved plugin and judges it under a policy. The result is the only thing that can be
 * installed. Throws `POLICY_UNPINNED` when a digest is required and nothing pins the plugin.
 */
export async function judge(
  plugin: ResolvedPlugin,
  policy: Policy = DEFAULT_POLICY,
  consent: Consent = {},
  op?: Op,
): Promise<VerifiedPlugin> {
  const evidence = await gatherEvidence(plugin, consent, op);
  const subject = subjectOf(plugin);
  const verdict = decide(subject, evidence, policy);
  assertAccepted(subject, verdict);
  return admit(plugin, verdict, evidence);
}

/** Throws the error that says why a verdict refuses; returns when it accepts. */
export function assertAccepted(subject: Subject, verdict: Verdict): void {
  if (verdict.accepted) return;
  const configured = verdict.policySource !== 'default';
  throw coreError('POLICY_UNPINNED', `${subject.reference}: ${verdict.reason}`, {
    details: { reference: subject.reference, policy: verdict.policy, policySource: verdict.policySource },
    // A configured entry is never overridden by the flag, so the flag is no advice there.
    ...(configured ? { hint: `name the digest, or change ${verdict.policySource}` } : {}),
  });
}

/** What of a resolved plugin is judged. */
export function subjectOf(plugin: ResolvedPlugin): Subject {
  return {
    scopeName: plugin.scopeName,
    reference: plugin.reference,
    local: plugin.local,
    root: plugin.root.digest,
    manifest: plugin.manifest.digest,
  };
}
