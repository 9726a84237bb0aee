import { type Environment, isGantryError, type Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { PluginRoot } from '../install/plugin-root.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import type { Consent } from '../trust/evidence.ts';
import { type JudgeOptions, judge, subjectOf } from '../trust/judge.ts';
import type { Policy } from '../trust/policy.ts';
import { rememberSigning, type SigningMemory } from '../trust/signing-memory.ts';
import type { VerifiedPlugin } from '../trust/verified-plugin.ts';

/** What the gate between resolved and verified works with. */
export interface TrustGateOptions extends Required<Pick<JudgeOptions, 'trustRoots' | 'openRepository'>> {
  readonly root: Pick<PluginRoot, 'list' | 'receipt'>;
  readonly policy: Policy;
  readonly environment: Pick<Environment, 'now'>;
  readonly memory: SigningMemory;
}

/** Judges resolved plugins in the light of what was accepted and installed before. */
export interface TrustGate {
  /** Judges, and changes nothing. */
  examine(plugin: ResolvedPlugin, consent: Consent | undefined, op?: Op): Promise<VerifiedPlugin>;
  /** Judges, and remembers when what it accepts was signed. */
  pass(plugin: ResolvedPlugin, consent: Consent | undefined, op?: Op): Promise<VerifiedPlugin>;
}

/** Opens the gate. Throws, when asked, what `judge` throws, and `POLICY_SIGNER_CHANGED`. */
export function openTrustGate(options: TrustGateOptions): TrustGate {
  const examine: TrustGate['examine'] = async (plugin, consent, op) => {
    try {
      return await judge(plugin, options, consent, op);
    } catch (error) {
      throw await signerChange(options.root, plugin, error, op);
    }
  };
  return {
    examine,
    pass: async (plugin, consent, op) => {
      const verified = await examine(plugin, consent, op);
      rememberSigning(options.memory, subjectOf(plugin), verified.verdict, op);
      return verified;
    },
  };
}

/**
 * Another code for a signature by a stranger, where another version of the same plugin is installed whose signer the policy
 * does accept: then it is the signer that has changed.
 */
async function signerChange(
  root: TrustGateOptions['root'],
  plugin: ResolvedPlugin,
  error: unknown,
  op?: Op,
): Promise<unknown> {
  if (!isGantryError(error) || error.code !== 'POLICY_IDENTITY') return error;
  for (const { name, facts } of await root.list(op)) {
    if (facts?.verdict.policy !== 'cosign' || !facts.verdict.accepted || facts.digest === plugin.root.digest) continue;
    if ((await root.receipt(name, op))?.scopeName !== plugin.scopeName) continue;
    const message = `${plugin.reference}: ${name} is installed as signed by ${facts.verdict.signer}, and this is not: ${error.message}`;
    return coreError('POLICY_SIGNER_CHANGED', message, {
      cause: error,
      details: { ...error.details, name, installed: facts.digest, expected: facts.verdict.signer },
    });
  }
  return error;
}
