import {
  type Descriptor,
  type Digest,
  isIndexType,
  isManifestType,
  type Op,
  ociError,
  ociLimits,
  parseIndex,
  type Repository,
  readAll,
} from '@gantry/oci';

/**
 * What is to be signed: the root, and with `recursive` each manifest that it lists, also through further indexes, once. What
 * is listed comes before what lists it. Throws `CONTENT_LIMIT` for more than `graphManifests`, and what reading throws.
 */
export async function targetsOf(
  repository: Repository,
  root: Descriptor,
  recursive: boolean,
  op?: Op,
): Promise<readonly Descriptor[]> {
  if (!recursive) return [root];
  const most = ociLimits(op, 'graphManifests');
  const seen = new Map<Digest, Descriptor>();
  // A map is walked in the order of its entries, those too that are added on the way.
  seen.set(root.digest, root);
  for (const what of seen.values()) {
    if (!isIndexType(what.mediaType)) continue;
    for (const child of parseIndex(await readAll(repository, what, op), what, op).manifests) {
      if (isManifestType(child.mediaType) && !seen.has(child.digest)) seen.set(child.digest, child);
    }
    if (seen.size <= most) continue;
    throw ociError('CONTENT_LIMIT', `${root.digest} lists more than ${most} manifests`, {
      details: { digest: root.digest, limit: 'graphManifests', expected: most },
    });
  }
  return [...seen.values()].reverse();
}
