import { type ContentSource, type Descriptor, MediaType, memorySource, verifiedStream } from '@gantry/oci';

/** A manifest made for content that comes without one, and the content with it. */
export interface MadeManifest {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly content: ContentSource;
}

/**
 * Wraps one piece of content in a manifest, so that everything after it is the same as for an artifact. The same content
 * under the same name gives the same manifest. `read` yields the content from its start each time.
 */
export function makeManifest(
  layer: Descriptor,
  artifactType: string | undefined,
  read: () => AsyncIterable<Uint8Array>,
): MadeManifest {
  const documents = memorySource();
  const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const config = documents.add(encode({}), MediaType.empty);
  const mediaType = MediaType.imageManifest;
  const type = artifactType === undefined ? {} : { artifactType };
  const document = { schemaVersion: 2, mediaType, ...type, config, layers: [layer] };
  return {
    manifest: documents.add(encode(document), mediaType),
    config,
    layers: [layer],
    content: {
      open: (what, op) => (what.digest === layer.digest ? verifiedStream(what, read(), op) : documents.open(what, op)),
    },
  };
}
