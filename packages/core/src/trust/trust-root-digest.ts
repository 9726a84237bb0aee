import { type Digest, digestOf } from '@gantry/oci';

/** One digest for all trust material that a verdict rests on, in whatever order it was used. Undefined: it rests on none. */
export function combinedDigest(digests: readonly Digest[]): Digest | undefined {
  const [first, ...others] = [...new Set(digests)].sort();
  if (first === undefined || others.length === 0) return first;
  return digestOf(new TextEncoder().encode(JSON.stringify([first, ...others])));
}
