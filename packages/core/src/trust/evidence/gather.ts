import type { Descriptor, Op, Repository } from '@gantry/oci';
import type { SignatureRequirement } from '../requirement.ts';
import type { Found } from './evidence-source.ts';
import { referrerSignatures } from './referrer-signatures.ts';
import { tagSignatures } from './tag-signatures.ts';

/** The bytes that may be signed. */
export interface Signable {
  /** What the reference named: an index or a manifest. */
  readonly root: Descriptor;
  /** The chosen platform's manifest; equal to `root` when there is no index. */
  readonly manifest: Descriptor;
}

/** What a requirement lets be signed, in the order in which it is looked at: the index before the platform's manifest. */
export function signedSubjects(
  { root, manifest }: Signable,
  which: SignatureRequirement['subject'],
): readonly Descriptor[] {
  if (which === 'index' || root.digest === manifest.digest) return [root];
  return which === 'platform' ? [manifest] : [root, manifest];
}

/**
 * Looks for the signatures of one manifest in a repository: among its referrers, then under its `.sig` tag. A reader that has
 * enough stops, and what was not asked for yet is not asked. Requests when it is read to the end: 1 list (+1 fallback tag), 2
 * for each candidate opened, 1 for the `.sig` tag and 1 for each signature under it.
 */
export async function* gatherSignatures(
  repository: Repository,
  subject: Descriptor,
  op?: Op,
): AsyncGenerator<Found, void, undefined> {
  yield* referrerSignatures(repository).find(subject, op);
  yield* tagSignatures(repository).find(subject, op);
}
