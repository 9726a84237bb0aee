import { type Digest, digestOf } from '@gantry/oci';
import type { TrustRootSource } from './material/trust-root.ts';
import type { Policy, PolicyClause } from './policy.ts';
import type { SignatureRequirement } from './requirement.ts';

/**
 * Digest of the rules that answer for one name. What they ask for counts: the keys themselves, every identity and option.
 * Where they stand does not, nor which files keys and trust roots come from; the content of a trust root has a digest of
 * its own. Only the root that a TUF repository begins with counts: while nothing of a new one is at hand, what the old one
 * vouched for must not go on.
 */
export function policyDigest(policy: Policy, clauses: readonly PolicyClause[]): Digest {
  const rules =
    clauses.length === 0
      ? { fallback: policy.fallback }
      : {
          clauses: clauses.map(({ scope, require, signatures }) => ({
            scope,
            require,
            ...(signatures !== undefined && { signatures: rulesOf(signatures) }),
          })),
        };
  return digestOf(new TextEncoder().encode(JSON.stringify(rules)));
}

/** What a requirement asks for, in one spelling: the order in which keys, identities and claims were written is no part of it. */
function rulesOf(requirement: SignatureRequirement): unknown {
  const { keys, identities, claims, trustRoot, ...options } = requirement;
  return {
    keys: keys.map(({ id }) => id).sort(),
    identities: identities.map((rule) => sortedEntries(rule)).sort((a, b) => (text(a) < text(b) ? -1 : 1)),
    claims: sortedEntries(claims),
    trustRoot: kindOf(trustRoot),
    options: sortedEntries(options),
  };
}

/** A TUF repository is who it is by its URL and what it began with; files and parts are what is in them. */
function kindOf(source: TrustRootSource): readonly string[] {
  return source.type === 'tuf' ? [source.type, source.mirror, source.rootDigest ?? ''] : [source.type];
}

function sortedEntries(record: object): readonly (readonly [string, unknown])[] {
  return Object.entries(record)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
