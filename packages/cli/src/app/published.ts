import { type Descriptor, formatReference, type Reference } from '@gantry/oci';
import type { LayerFacts } from './artifact-facts.ts';

/** What `push` and `copy` print. */
export interface PublishedDocument {
  /** As the user wrote it, normalised, with the digest. */
  readonly reference: string;
  /** Digest, media type and size are those of the manifest or index. */
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly kind: string | null;
  readonly platforms: readonly string[];
  readonly layers: readonly LayerFacts[];
}

/** The document about something that is now at `destination`. */
export function publishedDocument(
  destination: Reference,
  root: Descriptor,
  facts: Pick<PublishedDocument, 'kind' | 'platforms' | 'layers'>,
): PublishedDocument {
  return {
    reference: formatReference({ ...destination, digest: root.digest }),
    digest: root.digest,
    mediaType: root.mediaType,
    size: root.size,
    kind: facts.kind,
    platforms: facts.platforms,
    layers: facts.layers,
  };
}
