import type { Repository } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { coreLimits } from '../../core-limits.ts';
import type { EvidenceSource } from './evidence-source.ts';
import { orderCandidates } from './order-candidates.ts';
import { readSignatures } from './read-signatures.ts';

/**
 * Signatures among the referrers of a manifest: Sigstore bundles, and the manifests of cosign 2 that name a subject. One
 * request lists (and one asks for the fallback tag); then two for each candidate that is opened, at most
 * `signatureCandidates` of them.
 */
export function referrerSignatures(repository: Repository): EvidenceSource {
  return {
    find: async function* (subject, op) {
      const { descriptors, complete } = await repository.referrers(subject, undefined, op);
      const name = `${repository.name}@${subject.digest}`;
      if (!complete) {
        op?.onEvent?.({ type: 'warning', from: name, message: 'the list of what refers to it may not be complete' });
      }
      const candidates = orderCandidates(descriptors);
      const most = coreLimits(op, 'signatureCandidates');
      for (const manifest of candidates.slice(0, most)) {
        yield* readSignatures(repository, { manifest, subject, linked: true }, op);
      }
      if (candidates.length <= most) return;
      const message = `${name} has ${candidates.length} referrers that may be signatures, and ${most} were opened`;
      const details = { limit: 'signatureCandidates', expected: most, found: candidates.length };
      yield { documents: [], cut: coreError('SIGNATURE_LIMIT', message, { details }) };
    },
  };
}
