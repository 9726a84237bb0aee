import { type Annotations, type Descriptor, descriptorOf } from './descriptor.ts';
import type { DigestAlgorithm } from './digest.ts';
import { MediaType } from './media-types.ts';

/** A document ready to be pushed. */
export interface BuiltManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** What every built document may say. */
interface DocumentParts {
  readonly artifactType?: string;
  /** What it refers to: it becomes a referrer of that. */
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
  /** What its own descriptor is hashed with. Default sha256. */
  readonly algorithm?: DigestAlgorithm;
}

/** What {@link buildManifest} writes down. */
export interface ManifestParts extends DocumentParts {
  /** Default: {@link EMPTY_CONFIG}, which then has to be pushed as well. */
  readonly config?: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What {@link buildIndex} writes down. */
export interface IndexParts extends DocumentParts {
  readonly manifests: readonly Descriptor[];
}

/** The config of artifacts that have none: the two bytes `{}` (image-spec 1.1, "Guidelines for Artifact Usage"). */
export const EMPTY_CONFIG: BuiltManifest = {
  bytes: new TextEncoder().encode('{}'),
  descriptor: {
    mediaType: MediaType.empty,
    digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    size: 2,
  },
};

/**
 * Writes an OCI image manifest (image-spec 1.1). Same parts, same bytes: keys in the order of the specification, annotations
 * sorted, no times. Layers and manifests keep their order. Nothing is pushed or checked.
 */
export function buildManifest(parts: ManifestParts): BuiltManifest {
  const { config = EMPTY_CONFIG.descriptor, layers } = parts;
  return build(MediaType.imageManifest, parts, { config: written(config), layers: layers.map(written) });
}

/** Writes an OCI image index (image-spec 1.1), under the rules of {@link buildManifest}; entries keep their platform. */
export function buildIndex(parts: IndexParts): BuiltManifest {
  return build(MediaType.imageIndex, parts, { manifests: parts.manifests.map(written) });
}

function build(mediaType: string, parts: DocumentParts, content: object): BuiltManifest {
  const { artifactType, subject, annotations, algorithm } = parts;
  const document = {
    schemaVersion: 2,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...content,
    ...(subject === undefined ? {} : { subject: handle(subject) }),
    ...sorted(annotations),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return { bytes, descriptor: descriptorOf(bytes, mediaType, algorithm) };
}

function handle({ mediaType, digest, size }: Descriptor): Pick<Descriptor, 'mediaType' | 'digest' | 'size'> {
  return { mediaType, digest, size };
}

/** A descriptor as it stands in a document. */
function written(what: Descriptor): object {
  const { artifactType, data, platform } = what;
  return {
    ...handle(what),
    ...(data === undefined ? {} : { data: Buffer.from(data).toString('base64') }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform: writtenPlatform(platform) }),
    ...sorted(what.annotations),
  };
}

function writtenPlatform(platform: NonNullable<Descriptor['platform']>): object {
  // In one order, whoever made the object.
  const { architecture, os, variant } = platform;
  const version = platform['os.version'];
  const features = platform['os.features'];
  return {
    architecture,
    os,
    ...(version === undefined ? {} : { 'os.version': version }),
    ...(features === undefined ? {} : { 'os.features': features }),
    ...(variant === undefined ? {} : { variant }),
  };
}

function sorted(annotations: Annotations | undefined): { readonly annotations?: Annotations } {
  const entries = Object.entries(annotations ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return {};
  // A null prototype, because `__proto__` may be a key; stringify writes own keys in this order, except numbers.
  const copy: Record<string, string> = Object.create(null);
  for (const [key, value] of entries) copy[key] = value;
  return { annotations: copy };
}
