import { coreError, DYNAMIC_PACKAGES, type PackedDirectory } from '@gantry/core';
import {
  type Annotations,
  buildManifest,
  type ContentSink,
  type Descriptor,
  descriptorOf,
  MediaType,
  type Op,
  type Platform,
} from '@gantry/oci';

/** What the user may say about an image. */
export interface ImageRequest {
  /** Default: linux/amd64, which is what installers ask for, whatever is in it. */
  readonly platform?: Platform;
  /** Of the manifest. */
  readonly annotations?: Annotations;
  /** Of the config. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly tag?: string;
}

/** An image that was published. */
export interface PublishedImage {
  readonly root: Descriptor;
  readonly platform: Platform;
  readonly layers: readonly Descriptor[];
}

/** What Gantry itself puts into an image. */
interface ImageFacts {
  readonly annotations: Annotations;
  /** User that the config names. */
  readonly user?: string;
}

const DEFAULT_PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };

/**
 * Publishes an archive as an image that any client of containers takes: an OCI manifest, a config, one layer. The same input
 * gives the same bytes. Throws `CONFIG_INVALID` for an annotation that Gantry writes itself, and what the sink throws.
 */
export async function publishImage(
  sink: ContentSink,
  packed: PackedDirectory,
  facts: ImageFacts,
  { platform = DEFAULT_PLATFORM, annotations = {}, labels = {}, tag }: ImageRequest,
  op?: Op,
): Promise<PublishedImage> {
  requireOwnAnnotations(annotations);
  const bytes = imageConfig(packed, platform, labels, facts.user);
  const config = descriptorOf(bytes, MediaType.imageConfig);
  const layers = [packed.descriptor];
  await sink.pushBlob(packed.descriptor, packed.content, op);
  await sink.pushBlob(config, () => once(bytes), op);
  const built = buildManifest({ config, layers, annotations: { ...annotations, ...facts.annotations } });
  await sink.pushManifest(built.descriptor, built.bytes, tag === undefined ? {} : { tag }, op);
  return { root: built.descriptor, platform, layers };
}

/** Throws `CONFIG_INVALID` when annotations of the user would hide what is in the image. */
export function requireOwnAnnotations(annotations: Annotations): void {
  if (annotations[DYNAMIC_PACKAGES] === undefined) return;
  throw coreError('CONFIG_INVALID', `the annotation ${DYNAMIC_PACKAGES} says which plugins are in an image`, {
    hint: 'leave it out: it is written from each package.json',
  });
}

/** The config of an image (image-spec, config.md), with no time of day in it. */
function imageConfig(
  { diffId }: PackedDirectory,
  platform: Platform,
  labels: Readonly<Record<string, string>>,
  user: string | undefined,
): Uint8Array {
  const { architecture, os, variant } = platform;
  const sorted = Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const document = {
    created: '1970-01-01T00:00:00Z',
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: {
      ...(user === undefined ? {} : { User: user }),
      ...(Object.keys(sorted).length === 0 ? {} : { Labels: sorted }),
    },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'gantry backstage package' }],
  };
  return new TextEncoder().encode(JSON.stringify(document));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
