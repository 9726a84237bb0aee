import type { Descriptor } from '@gantry/oci';
import { COSIGN_SIGNATURES_TYPE, isBundleType, PREDICATE_ANNOTATION, SIGN_PREDICATE } from './signature-types.ts';

/**
 * Referrers in the order in which they are opened: what claims to be a signature, then what claims no type, then bundles that
 * claim another statement (attestations). Anything else is opened only when nothing claims a matching type: some registries
 * report wrong ones. The listing is a hint and decides nothing else.
 */
export function orderCandidates(listed: readonly Descriptor[]): readonly Descriptor[] {
  const ranked = listed.map((descriptor) => ({ descriptor, rank: rankOf(descriptor) }));
  const claimed = ranked.some(({ rank }) => rank === 'signature' || rank === 'attestation');
  const order = ['signature', 'untyped', 'attestation', ...(claimed ? [] : ['other'])];
  return order.flatMap((wanted) => ranked.flatMap(({ descriptor, rank }) => (rank === wanted ? [descriptor] : [])));
}

function rankOf({ artifactType, annotations }: Descriptor): 'signature' | 'untyped' | 'attestation' | 'other' {
  if (artifactType === undefined) return 'untyped';
  if (artifactType === COSIGN_SIGNATURES_TYPE) return 'signature';
  if (!isBundleType(artifactType)) return 'other';
  const predicate = annotations?.[PREDICATE_ANNOTATION];
  return predicate === undefined || predicate === SIGN_PREDICATE ? 'signature' : 'attestation';
}
