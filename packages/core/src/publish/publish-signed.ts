import type { Op, Repository } from '@gantry/oci';
import { type SignOptions, signArtifact, type WrittenSignature } from '../sign/sign-artifact.ts';
import { type PublishedPlugin, type PublishRequest, publishPlugin } from './publish-plugin.ts';

/** What was published, and the signatures it has. */
export interface SignedPublication extends PublishedPlugin {
  readonly signatures: readonly WrittenSignature[];
}

/**
 * Publishes local files as a signed plugin: content by digest, then its signatures, and the tag last. So the tag never
 * points at something unsigned, and a failure in between leaves it where it was. Throws what {@link publishPlugin} and
 * {@link signArtifact} throw.
 */
export async function publishSigned(
  repository: Repository,
  request: PublishRequest,
  sign: SignOptions,
  op?: Op,
): Promise<SignedPublication> {
  const { tag, ...untagged } = request;
  const published = await publishPlugin(repository, untagged, op);
  const signatures = await signArtifact(repository, published.root, sign, op);
  if (tag !== undefined) await repository.tag(published.root, tag, op);
  return { ...published, signatures };
}
