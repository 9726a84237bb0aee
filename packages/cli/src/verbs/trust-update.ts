import type { KeptTrustRoots, Policy, TrustRootFacts, TrustRootSource } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { throwFailures } from '../app/failures.ts';
import type { RegistryFlags } from '../app/registries.ts';
import { readSettings } from '../app/settings.ts';
import { openTrustTools } from '../app/trust-tools.ts';
import type { Context } from '../context.ts';
import { shortDigest } from '../output/quantity.ts';

/** A trust root from TUF at one time. */
interface FactsDocument {
  readonly digest: string;
  /** ISO 8601. */
  readonly checked: string;
  readonly expires: string;
  readonly versions: TrustRootFacts['versions'];
}

/** What the update of one trust root did. */
interface UpdateDocument {
  /** The mirror. */
  readonly name: string;
  readonly changed: boolean;
  readonly before: FactsDocument | null;
  readonly after: FactsDocument;
}

/**
 * `gantry trust update`: asks the TUF repositories that trust entries name, and the public one when it was used before.
 * JSON: {roots: [{name, changed, before: {digest, checked, expires, versions} or null, after}]}. A repository that fails
 * does not keep the others from being asked.
 */
export async function trustUpdate(context: Context, _args: readonly [], flags: RegistryFlags): Promise<void> {
  const settings = await readSettings(context, flags);
  const { op } = settings;
  const named = tufSources(settings.configuration.policy);
  await using tools = openTrustTools(context, settings, flags, named.flatMap(hostOf));
  const roots: UpdateDocument[] = [];
  const failures: unknown[] = [];
  for (const source of await withPublic(named, tools.trustRoots, op)) {
    try {
      const update = await tools.trustRoots.update(source, op);
      if (update === undefined) continue;
      const { before, after } = update;
      const changed = before?.digest !== after.digest;
      roots.push({ name: after.name, changed, before: before ? facts(before) : null, after: facts(after) });
    } catch (error) {
      op.signal?.throwIfAborted();
      failures.push(error);
    }
  }
  if (roots.length === 0 && failures.length === 0) {
    context.output.note('no trust entry uses a TUF repository, and the public one has not been used yet');
  }
  await context.output.result({ roots }, roots.flatMap(updateLines));
  throwFailures(failures);
}

/** The TUF repositories that trust entries name, each once. */
function tufSources({ lists }: Policy): TrustRootSource[] {
  const sources = new Map<string, TrustRootSource>();
  for (const { signatures } of lists.flat()) {
    const source = signatures?.trustRoot;
    if (source?.type === 'tuf' || source?.type === 'public') sources.set(JSON.stringify(source), source);
  }
  return [...sources.values()];
}

async function withPublic(
  named: readonly TrustRootSource[],
  trustRoots: KeptTrustRoots,
  op: Op,
): Promise<readonly TrustRootSource[]> {
  const source = { type: 'public' } as const;
  if (named.some(({ type }) => type === 'public')) return named;
  return (await trustRoots.facts(source, op)) === undefined ? named : [...named, source];
}

function hostOf(source: TrustRootSource): string[] {
  return source.type === 'tuf' ? [new URL(source.mirror).host] : [];
}

function facts({ digest, checked, expires, versions }: TrustRootFacts): FactsDocument {
  return { digest, checked: new Date(checked).toISOString(), expires: new Date(expires).toISOString(), versions };
}

function updateLines({ name, changed, before, after }: UpdateDocument): string[] {
  const now = `${shortDigest(after.digest)}, good until ${after.expires}`;
  if (before === null) return [`${name}: new: ${now}`];
  const then = `${shortDigest(before.digest)}, confirmed ${before.checked}`;
  return [changed ? `${name}: changed: ${then} -> ${now}` : `${name}: unchanged: ${now}`];
}
