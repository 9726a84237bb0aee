import { clausesFor, type Policy, policyDigest } from '@gantry/core';
import { parseReference, repositoryName } from '@gantry/oci';
import type { PluginEntry } from '../config/plugin-entry.ts';

/** Digest of the trust entries that answer for a plugin; undefined where none does, and the original's rules hold. */
export function trustRulesOf({ source }: PluginEntry, policy: Policy): string | undefined {
  if (source.type !== 'oci' || policy.lists.length === 0) return undefined;
  const clauses = clausesFor(policy, repositoryName(parseReference(source.repository)));
  return clauses.length === 0 ? undefined : policyDigest(policy, clauses);
}
