import { type Digest, type Op, ociLimits } from '@gantry/oci';
import { mapParallel } from '../install/map-parallel.ts';
import type { PackageSpec } from '../plugin/plugin.ts';
import type { Gantry } from './open-gantry.ts';

/** What a tag stands for now; `digest` is undefined for a source without a tag: a digest, a path, a URL. */
export type TagDigest = { readonly digest: Digest | undefined } | { readonly error: unknown };

/**
 * What the tags of sources stand for now, in the order of the sources: one HEAD for each different source, and one GET more
 * where a registry does not name the digest. A hint that says whether to look again, never identity. Cancellation throws;
 * what else fails is in the result, so that one registry does not hide the others.
 */
export async function tagDigests(
  gantry: Gantry,
  specs: readonly PackageSpec[],
  op?: Op,
): Promise<readonly TagDigest[]> {
  const asked = new Map<string, Promise<TagDigest>>();
  const results = await mapParallel(specs, ociLimits(op, 'parallelTransfers'), (spec) => {
    const key = JSON.stringify([spec.source, spec.base]);
    const answer = asked.get(key) ?? tagDigest(gantry, spec, op);
    asked.set(key, answer);
    return answer;
  });
  op?.signal?.throwIfAborted();
  return results;
}

async function tagDigest(gantry: Gantry, spec: PackageSpec, op?: Op): Promise<TagDigest> {
  try {
    const hint = await gantry.peek(spec, op);
    if (hint === undefined || hint.digest !== undefined) return { digest: hint?.digest };
    return { digest: (await gantry.resolve(spec, op)).root.digest };
  } catch (error) {
    return { error };
  }
}
