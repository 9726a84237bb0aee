import { type Digest, isGantryError, type Op } from '@gantry/oci';
import type { PackageSpec } from '../plugin/plugin.ts';
import { parseSource, scopeNameOf } from '../source/source-text.ts';
import type { KeptTrustRoots, TrustRootFacts, TrustRootSource } from '../trust/material/trust-root.ts';
import { clausesFor, coveringClauses, type Policy, type PolicyClause } from '../trust/policy.ts';
import { policyDigest } from '../trust/policy-digest.ts';

/** Which rules hold for a source, and where each of them stands. */
export interface TrustExplanation {
  /** The name that scopes are compared with. */
  readonly name: string;
  /** Digest of the rules that hold. */
  readonly policyDigest: Digest;
  /** The entries that answer, at most one of each list; all of them must accept. Empty: `fallback` holds. */
  readonly clauses: readonly ExplainedClause[];
  /** What holds where no entry matches. A local file that the user named needs nothing then. */
  readonly fallback: Policy['fallback'];
}

/** An entry that answers. */
export interface ExplainedClause {
  readonly clause: PolicyClause;
  /** Entries of the same list that would match too, and do not answer because their scope is shorter. */
  readonly outranked: readonly PolicyClause[];
  /** Set when the entry requires signatures and those need trust material. */
  readonly trustRoot?: ExplainedTrustRoot;
}

/** Trust material, as far as it is at hand. */
export interface ExplainedTrustRoot {
  readonly source: TrustRootSource;
  /** File or mirror; absent when nothing is at hand. */
  readonly name?: string;
  readonly digest?: Digest;
  readonly stale?: boolean;
  /** What is known about one from TUF. */
  readonly facts?: TrustRootFacts;
  /** Why it cannot be read. */
  readonly error?: unknown;
}

/** Tells which rules hold for a source. Reads files, asks nobody. Throws `REFERENCE_INVALID`. */
export async function explainTrust(
  spec: PackageSpec,
  policy: Policy,
  trustRoots: Pick<KeptTrustRoots, 'atHand' | 'facts'>,
  op?: Op,
): Promise<TrustExplanation> {
  const name = scopeNameOf(parseSource(spec, op));
  const answering = clausesFor(policy, name);
  const clauses: ExplainedClause[] = [];
  for (const clause of answering) {
    const list = policy.lists.find((entries) => entries.includes(clause)) ?? [];
    const outranked = coveringClauses(list, name).filter((other) => other !== clause);
    const source = clause.signatures?.trustRoot;
    const needed = source !== undefined && source.type !== 'none';
    clauses.push({ clause, outranked, ...(needed && { trustRoot: await explainTrustRoot(source, trustRoots, op) }) });
  }
  return { name, policyDigest: policyDigest(policy, answering), clauses, fallback: policy.fallback };
}

async function explainTrustRoot(
  source: TrustRootSource,
  trustRoots: Pick<KeptTrustRoots, 'atHand' | 'facts'>,
  op?: Op,
): Promise<ExplainedTrustRoot> {
  try {
    const loaded = await trustRoots.atHand(source, op);
    if (loaded === undefined) return { source };
    const facts = await trustRoots.facts(source, op);
    const { name, digest, stale } = loaded;
    return { source, name, digest, stale, ...(facts !== undefined && { facts }) };
  } catch (error) {
    if (!isGantryError(error)) throw error;
    return { source, error };
  }
}
