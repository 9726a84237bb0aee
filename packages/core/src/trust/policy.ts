import type { SignatureRequirement } from './requirement.ts';
import { scopeCovers } from './scope.ts';

/** What a trust entry can ask for. */
export type Requirement = 'cosign' | 'digest' | 'none';

/** One trust entry: what plugins of a scope must show. */
export interface PolicyClause {
  /** A prefix of the name that the user wrote, normalised. */
  readonly scope: string;
  readonly require: Requirement;
  /** Set exactly when `require` is `cosign`. */
  readonly signatures?: SignatureRequirement;
  /** Where it stands, for people: `FILE: trust[2]`. */
  readonly source: string;
  /** The fields of `signatures` that are written there; the others have their defaults. */
  readonly written?: readonly string[];
}

/** The trust entries in force. */
export interface Policy {
  /** What holds where no entry matches. */
  readonly fallback: Exclude<Requirement, 'cosign'>;
  /** One list for each file. In each the entry with the longest matching scope answers, and all answers must accept. */
  readonly lists: readonly (readonly PolicyClause[])[];
}

/** The policy of the command line when nothing is configured: a digest is required. */
export const DEFAULT_POLICY: Policy = Object.freeze({ fallback: 'digest', lists: Object.freeze([]) });

/** The entries that answer for a name: at most one of each list. Empty: the fallback holds. */
export function clausesFor(policy: Policy, scopeName: string): readonly PolicyClause[] {
  return policy.lists.flatMap((list) => longestMatch(list, scopeName) ?? []);
}

/** The entries of one list whose scope covers a name. */
export function coveringClauses(list: readonly PolicyClause[], scopeName: string): readonly PolicyClause[] {
  return list.filter(({ scope }) => scopeCovers(scope, scopeName));
}

function longestMatch(list: readonly PolicyClause[], scopeName: string): PolicyClause | undefined {
  let best: PolicyClause | undefined;
  for (const clause of coveringClauses(list, scopeName)) {
    if (best === undefined || depth(clause.scope) > depth(best.scope)) best = clause;
  }
  return best;
}

/** `a/b` and `a/b/` are equally long. */
function depth(scope: string): number {
  return scope.endsWith('/') ? scope.length - 1 : scope.length;
}
