import { companionTag, type Repository, resolveTag } from '@gantry/oci';
import type { EvidenceSource } from './evidence-source.ts';
import { readSignatures } from './read-signatures.ts';

/** No tag is longer (distribution-spec, "Pulling manifests"); one made from a SHA-512 digest would be. */
const LONGEST_TAG = 128;

/**
 * Signatures under the tag that cosign makes from the digest, `sha256-<hex>.sig`. One request for the tag and one for each
 * signature that is looked at.
 */
export function tagSignatures(repository: Repository): EvidenceSource {
  return {
    find: async function* (subject, op) {
      const tag = companionTag(subject.digest, 'sig');
      const manifest = tag.length > LONGEST_TAG ? undefined : await resolveTag(repository, tag, op);
      if (manifest !== undefined) yield* readSignatures(repository, { manifest, subject, linked: false }, op);
    },
  };
}
