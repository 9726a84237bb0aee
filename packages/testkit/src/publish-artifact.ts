import {
  type Annotations,
  type ContentSink,
  type Descriptor,
  type DigestAlgorithm,
  digestOf,
  MediaType,
  type Platform,
} from '@gantry/oci';

/** One blob of an artifact. */
export interface BlobSpec {
  readonly content: string | Uint8Array;
  /** Default `application/octet-stream`. */
  readonly mediaType?: string;
  /** Becomes `org.opencontainers.image.title`. */
  readonly title?: string;
  readonly annotations?: Annotations;
  /** What the manifest says of it instead of the truth. */
  readonly claim?: Readonly<Record<string, unknown>>;
}

/** What {@link publishArtifact} makes. */
export interface ArtifactSpec {
  readonly layers?: readonly BlobSpec[];
  /** Default: the empty config, or with `docker` the two bytes `{}` as a Docker config. */
  readonly config?: BlobSpec;
  readonly artifactType?: string;
  readonly annotations?: Annotations;
  readonly subject?: Descriptor;
  /** One manifest for each platform, `os/arch[/variant]`, and an index over them; then `layers` and `config` are theirs. */
  readonly platforms?: Readonly<Record<string, ArtifactSpec>>;
  readonly tag?: string;
  /** Docker media types. */
  readonly docker?: boolean;
  readonly algorithm?: DigestAlgorithm;
  /** Changes the document before it is written. */
  readonly document?: (document: Record<string, unknown>) => object;
  /** Changes the bytes before they are hashed: duplicate keys, say. */
  readonly text?: (json: string) => string;
}

/** What was published. */
export interface PublishedArtifact {
  /** The manifest, or the index. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  /** By platform, when there is an index. */
  readonly platforms: Readonly<Record<string, PublishedArtifact>>;
}

/**
 * Makes an artifact by hand, so that it may be wrong in any way, and writes it: blobs first, then manifests. Over HTTP
 * into a repository, or with `storageSink` into a registry that need not agree.
 */
export async function publishArtifact(into: ContentSink, spec: ArtifactSpec = {}): Promise<PublishedArtifact> {
  return spec.platforms === undefined ? publishManifest(into, spec) : publishIndex(into, spec, spec.platforms);
}

async function publishManifest(into: ContentSink, spec: ArtifactSpec): Promise<PublishedArtifact> {
  const empty = { content: '{}', mediaType: spec.docker ? MediaType.dockerConfig : MediaType.empty };
  const config = await publishBlob(into, spec.config ?? empty, spec.algorithm);
  const layers: Descriptor[] = [];
  for (const layer of spec.layers ?? []) layers.push(await publishBlob(into, layer, spec.algorithm));
  const mediaType = spec.docker ? MediaType.dockerManifest : MediaType.imageManifest;
  const written = await publishDocument(into, spec, mediaType, { config, layers });
  return { ...written, config, layers, platforms: {} };
}

async function publishIndex(
  into: ContentSink,
  spec: ArtifactSpec,
  platforms: Readonly<Record<string, ArtifactSpec>>,
): Promise<PublishedArtifact> {
  const children: Record<string, PublishedArtifact> = {};
  const manifests: Descriptor[] = [];
  for (const [platform, child] of Object.entries(platforms)) {
    const published = await publishArtifact(into, child);
    children[platform] = published;
    manifests.push({ ...published.descriptor, platform: platformOf(platform) });
  }
  const mediaType = spec.docker ? MediaType.dockerManifestList : MediaType.imageIndex;
  const written = await publishDocument(into, spec, mediaType, { manifests });
  return { ...written, config: undefined, layers: [], platforms: children };
}

async function publishBlob(into: ContentSink, spec: BlobSpec, algorithm?: DigestAlgorithm): Promise<Descriptor> {
  const bytes = Buffer.from(spec.content);
  const title = spec.title === undefined ? {} : { 'org.opencontainers.image.title': spec.title };
  const annotations = { ...title, ...spec.annotations };
  const descriptor: Descriptor = {
    mediaType: spec.mediaType ?? MediaType.octetStream,
    digest: digestOf(bytes, algorithm),
    size: bytes.length,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  await into.pushBlob(descriptor, async function* () {
    yield bytes;
  });
  return { ...descriptor, ...spec.claim };
}

async function publishDocument(
  into: ContentSink,
  spec: ArtifactSpec,
  mediaType: string,
  content: Readonly<Record<string, unknown>>,
): Promise<Pick<PublishedArtifact, 'descriptor' | 'bytes'>> {
  const { artifactType, subject, annotations } = spec;
  const document = { schemaVersion: 2, mediaType, artifactType, ...content, subject, annotations };
  const json = JSON.stringify(spec.document?.(document) ?? document);
  const bytes = Buffer.from(spec.text?.(json) ?? json);
  const digest = digestOf(bytes, spec.algorithm);
  const descriptor: Descriptor = {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
  };
  await into.pushManifest(descriptor, bytes, spec.tag === undefined ? {} : { tag: spec.tag });
  return { descriptor, bytes };
}

function platformOf(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
