import type { TrustMaterial } from '@sigstore/verify';
import { coreError } from '../../core-errors.ts';
import type { LoadedTrustRoot } from '../material/trust-root.ts';
import type { SigstoreLibrary } from './sigstore-library.ts';

/** Parsing the public-good root takes longer than judging a signature, and it stays the same object for many. */
const PARSED = new WeakMap<LoadedTrustRoot, TrustMaterial>();

/** The keys and certificates of a trust root, parsed once for each object. Throws `SIGNATURE_TRUST_ROOT`. */
export function trustMaterial(trustRoot: LoadedTrustRoot, { toTrustMaterial }: SigstoreLibrary): TrustMaterial {
  const known = PARSED.get(trustRoot);
  if (known !== undefined) return known;
  try {
    const material = toTrustMaterial(trustRoot.root);
    PARSED.set(trustRoot, material);
    return material;
  } catch (cause) {
    throw coreError('SIGNATURE_TRUST_ROOT', `${trustRoot.name}: a key or certificate in it cannot be read`, { cause });
  }
}
