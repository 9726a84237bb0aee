import { type Environment, type GantryError, type Op, systemEnvironment } from '@gantry/oci';
import { coreError, isCoreErrorCode } from '../core-errors.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { decide, nothingAtHand } from './decide.ts';
import { type Consent, type Evidence, gatherEvidence } from './evidence.ts';
import type { DecisionQuestion, SignatureTools } from './judge-signed.ts';
import { requirementsFor } from './load-trust-roots.ts';
import { DEFAULT_POLICY, type Policy } from './policy.ts';
import type { RejectedSignature } from './signatures/accepted-signature.ts';
import { rollbackOf, type SigningMemory } from './signing-memory.ts';
import type { Subject, Verdict } from './verdict.ts';
import { admit, type VerifiedPlugin } from './verified-plugin.ts';

/** What a plugin is judged with. */
export interface JudgeOptions extends Partial<SignatureTools> {
  /** Default: a digest is required. */
  readonly policy?: Policy;
  readonly environment?: Pick<Environment, 'now'>;
  /** What was accepted before, which a tag may not fall behind. */
  readonly memory?: SigningMemory;
}

/**
 * Gathers what speaks for a resolved plugin and judges it under a policy. The result is the only thing that can be
 * installed. Asks for signatures only where an entry requires them, and then as `judgeSigned` says.
 * Throws `POLICY_UNPINNED` when a digest is required and nothing pins the plugin, `SIGNATURE_*` when signatures are required
 * and missing or bad, `POLICY_*` when they are good and not accepted, `REGISTRY_*` when they cannot be asked for.
 */
export async function judge(
  plugin: ResolvedPlugin,
  options: JudgeOptions = {},
  consent: Consent = {},
  op?: Op,
): Promise<VerifiedPlugin> {
  const { policy = DEFAULT_POLICY, environment = systemEnvironment() } = options;
  const evidence = await gatherEvidence(plugin, consent, op);
  const { lockedEvidence } = plugin.spec;
  const question = {
    ...{ subject: subjectOf(plugin), evidence, policy, now: environment.now() },
    ...(lockedEvidence !== undefined && { lockedEvidence }),
  };
  return requirementsFor(policy, plugin.scopeName).length === 0
    ? judgePlain(plugin, question, op)
    : judgeBySignatures(plugin, question, options, op);
}

async function judgePlain(plugin: ResolvedPlugin, question: DecisionQuestion, op?: Op): Promise<VerifiedPlugin> {
  const { subject, evidence, policy, now } = question;
  const { verdict, refusal } = await decide(subject, evidence, policy, nothingAtHand(now), op);
  if (refusal !== undefined) throw refusal;
  return admit(plugin, verdict, { evidence });
}

async function judgeBySignatures(
  plugin: ResolvedPlugin,
  question: DecisionQuestion,
  options: JudgeOptions,
  op?: Op,
): Promise<VerifiedPlugin> {
  const { subject, evidence } = question;
  const [{ judgeSigned }, { keepEvidence }] = await Promise.all([
    import('./judge-signed.ts'),
    import('./keep-evidence.ts'),
  ]);
  const decision = await judgeSigned(plugin, question, toolsOf(options), op);
  const { verdict, rejected } = decision;
  if (decision.refusal !== undefined) throw refusedSubject(subject, decision.refusal, rejected);
  const rollback = goesBack(question, verdict, options, op);
  if (rollback !== undefined) throw rollback;
  const kept = keepEvidence(decision);
  return admit(plugin, verdict, { evidence: [...evidence, ...kept.evidence], files: kept.files, rejected });
}

function goesBack(
  { subject, evidence }: DecisionQuestion,
  verdict: Verdict,
  { memory }: JudgeOptions,
  op?: Op,
): GantryError | undefined {
  // To name a digest, in a reference or a lock, is to agree to just these bytes.
  if (memory === undefined || evidence.some(isPin)) return undefined;
  return rollbackOf(memory, subject, verdict, op);
}

function isPin({ type }: Evidence): boolean {
  return type === 'pin';
}

/** Without trust roots and other repositories only those requirements can be met that need none. */
function toolsOf({ trustRoots, openRepository }: JudgeOptions): SignatureTools {
  return {
    trustRoots: trustRoots ?? { load: async () => undefined },
    openRepository:
      openRepository ??
      (async (name) => {
        throw coreError('SIGNATURE_MISSING', `nothing opens ${name}, which holds the signatures`);
      }),
  };
}

/** The judge's refusal, with what it is about and every signature that was looked at. */
export function refusedSubject(
  subject: Subject,
  refusal: GantryError,
  rejected: readonly RejectedSignature[],
): GantryError {
  const { code, message, hint } = refusal;
  if (!isCoreErrorCode(code)) return refusal;
  return coreError(code, message.includes(subject.reference) ? message : `${subject.reference}: ${message}`, {
    cause: refusal,
    ...(hint !== undefined && { hint }),
    details: { ...refusal.details, reference: subject.reference, rejected: rejected.map((one) => ({ ...one })) },
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
