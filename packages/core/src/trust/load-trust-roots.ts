import type { LoadedTrustRoot, TrustRootSource } from './material/trust-root.ts';
import { clausesFor, type Policy } from './policy.ts';
import type { SignatureRequirement } from './requirement.ts';

/** What the entries that answer for a name ask of signatures; empty when none of them asks for any. */
export function requirementsFor(policy: Policy, scopeName: string): readonly SignatureRequirement[] {
  return clausesFor(policy, scopeName).flatMap(({ signatures }) => signatures ?? []);
}

/** The trust roots of requirements, each loaded once. */
export async function loadTrustRoots(
  requirements: readonly SignatureRequirement[],
  load: (source: TrustRootSource) => Promise<LoadedTrustRoot | undefined>,
): Promise<ReadonlyMap<TrustRootSource, LoadedTrustRoot | undefined>> {
  const loaded = new Map<TrustRootSource, LoadedTrustRoot | undefined>();
  for (const { trustRoot } of requirements) {
    if (!loaded.has(trustRoot)) loaded.set(trustRoot, await load(trustRoot));
  }
  return loaded;
}
