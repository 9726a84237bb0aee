import type { Digest, Op } from '@gantry/oci';
import type { TrustBytes } from './trust-bytes.ts';
import type { LoadedTrustRoot } from './trust-root.ts';
import { parseTrustedRoot } from './trusted-root-json.ts';

/** The last one that was made of each digest: verifying keeps what it computed of one with the object. */
const LOADED = new Map<Digest, LoadedTrustRoot>();

/** More than a process has policies for. */
const REMEMBERED = 16;

/** Parses trust material, once for each digest. Throws `SIGNATURE_TRUST_ROOT`. */
export async function loadedTrustRoot(
  { digest, name, bytes }: TrustBytes,
  age: Pick<LoadedTrustRoot, 'stale' | 'goodUntil'>,
  op?: Op,
): Promise<LoadedTrustRoot> {
  const known = LOADED.get(digest);
  if (known?.name === name && known.stale === age.stale && known.goodUntil === age.goodUntil) return known;
  const root = known?.root ?? (await parseTrustedRoot(bytes(), name, op));
  const loaded: LoadedTrustRoot = { digest, name, root, ...age };
  LOADED.delete(digest);
  LOADED.set(digest, loaded);
  const [oldest] = LOADED.keys();
  if (LOADED.size > REMEMBERED && oldest !== undefined) LOADED.delete(oldest);
  return loaded;
}
