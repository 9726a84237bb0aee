import { chooseManifest } from '../choose-manifest.ts';
import type { Repository } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Op } from '../op.ts';
import type { Platform } from '../platform.ts';
import { GraphCopy } from './graph-copy.ts';

/** What is copied beside the root's own content. */
export interface CopyOptions {
  /** The tag that the root gets at the destination, once everything else is there. */
  readonly tag?: string;
  /**
   * Also what refers to the root and to the manifests it lists, and what refers to those, and so on; and what cosign keeps
   * under tags made from their digests: `.sig`, `.att`, `.sbom`.
   */
  readonly referrers?: boolean;
  /** Of an index only the manifest for this platform, which then is the root. A root that is no index is copied as it is. */
  readonly platform?: Platform;
}

/**
 * Copies a manifest or index with everything it names, between any two repositories. Bytes are copied as they are, so digests
 * stay. Blobs arrive before the manifests that name them, children before their index, referrers before their subject, and
 * the tag with the last request: who reads the tag finds all of it. Every content is moved once, `parallelTransfers` at a
 * time; between repositories of one registry blobs are mounted. Returns the descriptor of the root at the destination.
 *
 * What refers to a manifest is a claim of the source: entries whose manifest names another subject, or that are gone, are
 * left out with a warning. Throws `CONTENT_LIMIT` above `graphManifests` or `indexDepth`, `CONTENT_NO_PLATFORM`, and what
 * reading and writing throw; the tag is not set then.
 */
export async function copyGraph(
  source: Repository,
  destination: Repository,
  root: Descriptor,
  options: CopyOptions = {},
  op?: Op,
): Promise<Descriptor> {
  const chosen =
    options.platform === undefined
      ? root
      : (await chooseManifest(source, root, options.platform, { prefer: 'only-native' }, op)).descriptor;
  const { mediaType, digest, size } = chosen;
  const copied: Descriptor = { mediaType, digest, size };
  await new GraphCopy(source, destination, op).run(copied, options);
  return copied;
}
