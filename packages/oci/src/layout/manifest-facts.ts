import type { Annotations, Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { artifactTypeOf, type Manifest } from '../manifest.ts';
import { isManifestType } from '../media-types.ts';

/** What a layout has to know about a manifest to find its way: its links to other manifests and how it is listed. */
export interface ManifestFacts {
  readonly artifactType: string | undefined;
  readonly annotations: Annotations;
  readonly subject: Digest | undefined;
  /** The manifests that an index lists. */
  readonly children: readonly Descriptor[];
}

/** The facts of a manifest. */
export function factsOf(manifest: Manifest): ManifestFacts {
  const children =
    manifest.kind === 'index' ? manifest.manifests.filter((child) => isManifestType(child.mediaType)) : [];
  return {
    artifactType: artifactTypeOf(manifest),
    annotations: manifest.annotations,
    subject: manifest.subject?.digest,
    children: children.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
}

/** How a referrer is listed (distribution-spec, "Listing Referrers"): its artifact type and annotations beside its handle. */
export function referrerEntry(what: Descriptor, facts: ManifestFacts): Descriptor {
  const { mediaType, digest, size } = what;
  const annotated = Object.keys(facts.annotations).length > 0;
  return {
    mediaType,
    digest,
    size,
    ...(facts.artifactType === undefined ? {} : { artifactType: facts.artifactType }),
    ...(annotated ? { annotations: facts.annotations } : {}),
  };
}
