import { type Digest, type GantryError, type Op, type Repository, readAll } from '@gantry/oci';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { type AtHand, type Decision, decide, nothingAtHand } from './decide.ts';
import type { Found } from './evidence/evidence-source.ts';
import { gatherSignatures, signedSubjects } from './evidence/gather.ts';
import { withinTotal } from './evidence/within-total.ts';
import type { Evidence } from './evidence.ts';
import { loadTrustRoots, requirementsFor } from './load-trust-roots.ts';
import type { TrustRoots } from './material/trust-root.ts';
import type { Policy } from './policy.ts';
import type { SignatureRequirement } from './requirement.ts';
import { evidenceDigest } from './signatures/evidence-digest.ts';
import type { SignatureDocument } from './signatures/signature-document.ts';
import type { Subject } from './verdict.ts';

/** What is to be decided. */
export interface DecisionQuestion {
  readonly subject: Subject;
  readonly evidence: readonly Evidence[];
  readonly policy: Policy;
  /** Milliseconds since 1970: the host's clock. */
  readonly now: number;
  /** Evidence that is looked for although other evidence is enough. */
  readonly lockedEvidence?: readonly Digest[];
}

/** What of a resolved plugin is signed, and where the signatures are. */
export type SignedPlugin = Pick<ResolvedPlugin, 'root' | 'manifest' | 'content' | 'repository'>;

/** What gathering signatures works with. */
export interface SignatureTools {
  readonly trustRoots: Pick<TrustRoots, 'load'>;
  /** Opens the repository that holds the signatures, where that is another than the plugin's. */
  readonly openRepository: (name: string, op?: Op) => Promise<Repository>;
}

/** What was decided, and the documents it was decided from. */
export interface SignedDecision extends Decision, Pick<AtHand, 'documents' | 'manifests'> {}

/**
 * Gathers signatures and decides after each, until it is enough and has what gantry.lock holds: then nothing more is asked.
 * Of two entries the second begins with what the first found. Where nothing is enough the refusal says, in this order: that there is more than is
 * looked at; what the judge said about the signatures; what kept candidates from being read; that there is none.
 */
export async function judgeSigned(
  plugin: SignedPlugin,
  question: DecisionQuestion,
  tools: SignatureTools,
  op?: Op,
): Promise<SignedDecision> {
  const { subject, evidence, policy, now, lockedEvidence = [] } = question;
  const documents: SignatureDocument[] = [];
  let at: AtHand = { ...nothingAtHand(now), documents, answers: new WeakMap() };
  let decision = await decide(subject, evidence, policy, at, op);
  // A rule that needs no signature refuses before anything is asked.
  if (decision.verdict.policy !== 'cosign') return { ...decision, ...at };
  const requirements = requirementsFor(policy, subject.scopeName);
  const faults: GantryError[] = [];
  const cuts: GantryError[] = [];
  for await (const found of withinTotal(looks(plugin, requirements, tools, op), subject.reference, op)) {
    if (found.fault !== undefined) faults.push(found.fault);
    if (found.cut !== undefined) cuts.push(found.cut);
    if (found.documents.length === 0) continue;
    if (documents.length === 0) at = { ...at, ...(await material(plugin, requirements, tools, op)) };
    for (const document of found.documents) {
      // The judge stops when it has enough, so what the lock holds comes first.
      if (lockedEvidence.includes(evidenceDigest(document))) documents.unshift(document);
      else documents.push(document);
    }
    decision = await decide(subject, evidence, policy, at, op);
    const hasLocked = lockedEvidence.every((digest) => decision.verdict.evidence.includes(digest));
    if (decision.refusal === undefined && hasLocked) return { ...decision, ...at };
  }
  if (decision.refusal === undefined) return { ...decision, ...at };
  const judged = documents.length > 0 ? decision.refusal : undefined;
  return { ...decision, ...at, refusal: cuts[0] ?? judged ?? faults[0] ?? decision.refusal };
}

/** Trust roots, and the bytes that may be signed; they are read only when there is something to judge. */
async function material(
  plugin: SignedPlugin,
  requirements: readonly SignatureRequirement[],
  tools: SignatureTools,
  op?: Op,
): Promise<Pick<AtHand, 'trustRoots' | 'manifests'>> {
  const trustRoots = await loadTrustRoots(requirements, (source) => tools.trustRoots.load(source, op));
  const manifests: Uint8Array[] = [];
  for (const subject of signedSubjects(plugin, 'either')) manifests.push(await readAll(plugin.content, subject, op));
  return { trustRoots, manifests };
}

/** Everything that may hold signatures for these requirements, each place once. */
async function* looks(
  plugin: SignedPlugin,
  requirements: readonly SignatureRequirement[],
  tools: SignatureTools,
  op?: Op,
): AsyncGenerator<Found, void, undefined> {
  const asked = new Set<string>();
  for (const { signatureRepository, subject: which } of requirements) {
    const repository =
      signatureRepository === undefined ? plugin.repository : await tools.openRepository(signatureRepository, op);
    if (repository === undefined) continue;
    for (const subject of signedSubjects(plugin, which)) {
      const place = `${repository.name}@${subject.digest}`;
      if (asked.has(place)) continue;
      asked.add(place);
      yield* gatherSignatures(repository, subject, op);
    }
  }
}
