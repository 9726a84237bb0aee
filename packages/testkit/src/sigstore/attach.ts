import { type ContentSink, type Descriptor, digestOf, MediaType } from '@gantry/oci';
import { type PublishedArtifact, publishArtifact } from '../publish-artifact.ts';
import type { SignedBundle } from './sign-bundle.ts';
import type { SignedSimple } from './sign-simple.ts';

/** How the manifest around a bundle differs from what cosign 3 writes. */
export interface AttachBundleOptions {
  /** Media type of artifact and layer. Default: that of the bundle. */
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the manifest says it is about, instead of what it hangs at. */
  readonly document?: (document: Record<string, unknown>) => object;
}

/** Pushes a bundle as cosign 3 does: a manifest that refers to the subject, without a tag. */
export function attachBundle(
  into: ContentSink,
  subject: Descriptor,
  bundle: Pick<SignedBundle, 'mediaType' | 'bytes'> & Partial<Pick<SignedBundle, 'content' | 'predicateType'>>,
  options: AttachBundleOptions = {},
): Promise<PublishedArtifact> {
  const mediaType = options.mediaType ?? bundle.mediaType;
  const about =
    bundle.content === 'message'
      ? { 'dev.sigstore.bundle.content': 'message-signature' }
      : {
          'dev.sigstore.bundle.content': 'dsse-envelope',
          'dev.sigstore.bundle.predicateType': bundle.predicateType ?? '',
        };
  return publishArtifact(into, {
    artifactType: mediaType,
    config: { content: '{}', mediaType: MediaType.empty, claim: { artifactType: mediaType } },
    layers: [{ content: bundle.bytes, mediaType }],
    annotations: options.annotations ?? { ...about, 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
    subject: handle(subject),
    ...(options.document === undefined ? {} : { document: options.document }),
  });
}

/** Where and how layers of simple signing are kept. */
export interface AttachSimpleOptions {
  /** Under the tag `ALGORITHM-HEX.sig` (default), or as a referrer, as cosign 2 does on request. */
  readonly shape?: 'tag' | 'referrer';
  /** The tag, instead of that of the subject. */
  readonly tag?: string;
}

/** Pushes layers of simple signing as cosign does. With the tag shape they replace what the tag held. */
export function attachSimple(
  into: ContentSink,
  subject: Descriptor,
  layers: readonly SignedSimple[],
  options: AttachSimpleOptions = {},
): Promise<PublishedArtifact> {
  const referrer = options.shape === 'referrer';
  const config = {
    architecture: '',
    created: '0001-01-01T00:00:00Z',
    history: layers.map(() => ({ created: '0001-01-01T00:00:00Z' })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map(({ payload }) => digestOf(payload)) },
    config: {},
  };
  return publishArtifact(into, {
    config: {
      content: JSON.stringify(config),
      mediaType: referrer ? 'application/vnd.dev.cosign.artifact.sig.v1+json' : MediaType.imageConfig,
    },
    layers: layers.map(({ payload, mediaType, annotations }) => ({ content: payload, mediaType, annotations })),
    ...(referrer ? { subject: handle(subject) } : { tag: options.tag ?? `${subject.digest.replace(':', '-')}.sig` }),
  });
}

function handle({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
