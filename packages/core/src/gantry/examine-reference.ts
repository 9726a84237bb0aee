import {
  chooseManifest,
  type Descriptor,
  formatReference,
  hostPlatform,
  isGantryError,
  isIndexType,
  type Op,
  type Platform,
  type Reference,
  type Repository,
  repositoryName,
} from '@gantry/oci';
import type { Decision } from '../trust/decide.ts';
import { refusedSubject } from '../trust/judge.ts';
import { type DecisionQuestion, judgeSigned, type SignatureTools } from '../trust/judge-signed.ts';
import { requirementsFor } from '../trust/load-trust-roots.ts';
import type { Policy } from '../trust/policy.ts';
import type { AcceptedSignature } from '../trust/signatures/accepted-signature.ts';
import type { Subject } from '../trust/verdict.ts';

/** What is examined. */
export interface ExaminedReference {
  readonly reference: Reference;
  /** The repository that it is in; stays the caller's. */
  readonly repository: Repository;
  readonly policy: Policy;
  /** The platform that counts where a platform's manifest may or has to be signed. Default: this machine's. */
  readonly platform?: Platform;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What came out of it: a refusal is an answer like others. */
export interface Examination extends Decision {
  /** The reference with its digest. */
  readonly reference: string;
  readonly root: Descriptor;
  /** Which of the two is signed; undefined when no signature counts. */
  readonly signed: 'index' | 'platform' | undefined;
}

/**
 * Judges what a reference names, for whoever wants to know and not to install: an index that has nothing for this machine
 * is judged as well, unless the policy asks for a platform's signature. Nothing is remembered. Throws what cannot be asked
 * (`REFERENCE_*`, `REGISTRY_*`, `CONTENT_*`); what the policy says is in the answer.
 */
export async function examineReference(what: ExaminedReference, tools: SignatureTools, op?: Op): Promise<Examination> {
  const { reference, repository, policy, now } = what;
  const root = await repository.resolve(reference, op);
  const scopeName = repositoryName(reference);
  const named = formatReference({ ...reference, digest: root.digest });
  const manifest = await platformManifest(root, what, scopeName, op);
  const plugin = { root, manifest, content: repository, repository };
  const local = reference.kind === 'layout';
  const subject: Subject = { scopeName, reference: named, local, root: root.digest, manifest: manifest.digest };
  const question: DecisionQuestion = {
    subject,
    evidence: reference.digest === undefined ? [] : [{ type: 'pin', digest: root.digest }],
    policy,
    now,
  };
  const { verdict, refusal, rejected } = await judgeSigned(plugin, question, tools, op);
  return {
    reference: named,
    root,
    verdict,
    refusal: refusal && refusedSubject(subject, refusal, rejected),
    rejected,
    signed: signedPart(root, verdict.signatures),
  };
}

/** The manifest that may be signed in place of the index; the root itself where there is none, or none is asked for. */
async function platformManifest(
  root: Descriptor,
  { repository, policy, platform }: ExaminedReference,
  scopeName: string,
  op?: Op,
): Promise<Descriptor> {
  const subjects = requirementsFor(policy, scopeName).map(({ subject }) => subject);
  if (!isIndexType(root.mediaType) || subjects.every((subject) => subject === 'index')) return root;
  try {
    return (await chooseManifest(repository, root, platform ?? hostPlatform(), {}, op)).descriptor;
  } catch (error) {
    const needed = platform !== undefined || subjects.includes('platform');
    if (needed || !isGantryError(error) || error.code !== 'CONTENT_NO_PLATFORM') throw error;
    return root;
  }
}

function signedPart(root: Descriptor, signatures: readonly AcceptedSignature[]): Examination['signed'] {
  if (signatures.length === 0) return undefined;
  const isRoot = signatures.every(({ signed }) => signed === root.digest);
  return isRoot && isIndexType(root.mediaType) ? 'index' : 'platform';
}
