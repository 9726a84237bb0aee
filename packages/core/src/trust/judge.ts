import { type Environment, type Op, systemEnvironment } from '@gantry/oci';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { decide } from './decide.ts';
import { type Consent, gatherEvidence } from './evidence.ts';
import { DEFAULT_POLICY, type Policy } from './policy.ts';
import type { Subject } from './verdict.ts';
import { admit, type VerifiedPlugin } from './verified-plugin.ts';

/** What a plugin is judged with. */
export interface JudgeOptions {
  /** Default: a digest is required. */
  readonly policy?: Policy;
  readonly environment?: Pick<Environment, 'now'>;
}

/**
 * Gathers what speaks for a resolved plugin and judges it under a policy. The result is the only thing that can be
 * installed. Throws `POLICY_UNPINNED` when a digest is required and nothing pins the plugin.
 */
export async function judge(
  plugin: ResolvedPlugin,
  options: JudgeOptions = {},
  consent: Consent = {},
  op?: Op,
): Promise<VerifiedPlugin> {
  const { policy = DEFAULT_POLICY, environment = systemEnvironment() } = options;
  const evidence = await gatherEvidence(plugin, consent, op);
  const now = environment.now();
  const at = { now, gatheredAt: now, documents: [], trustRoots: new Map() };
  const { verdict, refusal } = await decide(subjectOf(plugin), evidence, policy, at);
  if (refusal !== undefined) throw refusal;
  return admit(plugin, verdict, evidence);
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
