import type { Annotations, Descriptor } from './descriptor.ts';
import type { JsonValue } from './errors.ts';
import { escapeRemote } from './escape.ts';
import { type JsonObject, parseJson } from './json.ts';
import { arrayField, asObject, invalidAt, type Place, placeOf } from './json-fields.ts';
import { isIndexType, isManifestType, MediaType } from './media-types.ts';
import { ociError } from './oci-errors.ts';
import { ociLimits } from './oci-limits.ts';
import type { Op } from './op.ts';
import { annotationsField, mediaTypeField, parseDescriptor } from './parse-descriptor.ts';
import { verifyBytes } from './verified-stream.ts';

/** What {@link parseManifest} reads: one artifact, or a list of them. */
export type Manifest = ImageManifest | ArtifactManifest | ImageIndex;

/** What every kind has. `mediaType` is the checked one, `artifactType` only what the document itself says. */
interface ManifestBase {
  readonly mediaType: string;
  readonly artifactType?: string;
  /** What this one refers to. */
  readonly subject?: Descriptor;
  readonly annotations: Annotations;
}

/** An OCI image manifest (1.0, 1.1) or a Docker schema 2 manifest. */
export interface ImageManifest extends ManifestBase {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** The OCI artifact manifest that was withdrawn before image-spec 1.1; its blobs are its layers. */
export interface ArtifactManifest extends ManifestBase {
  readonly kind: 'artifact';
  readonly layers: readonly Descriptor[];
}

/** An OCI image index or a Docker manifest list. */
export interface ImageIndex extends ManifestBase {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

/** The fields that tell the kinds apart; a document that has those of another kind is two things at once (B4). */
const PARTS = ['config', 'layers', 'blobs', 'manifests', 'fsLayers'] as const;
const ALLOWED: Readonly<Record<Manifest['kind'], readonly string[]>> = {
  image: ['config', 'layers'],
  artifact: ['blobs'],
  index: ['manifests'],
};

/**
 * Parses the bytes of a manifest or index under its descriptor. Size and digest are checked first; then the JSON is read
 * strictly, the media types of descriptor and document must agree, and a document with the parts of two kinds is refused.
 * Throws `CONTENT_DIGEST_MISMATCH`, `CONTENT_SIZE_MISMATCH`, `CONTENT_TYPE_MISMATCH`, `CONTENT_INVALID`, `CONTENT_LIMIT`.
 */
export function parseManifest(bytes: Uint8Array, what: Descriptor, op?: Op): Manifest {
  verifyBytes(what, bytes);
  const place: Place = { document: what.digest, path: '' };
  const root = asObject(parseJson(bytes, op), place);
  const mediaType = agreedType(what.mediaType, root, place);
  const kind = kindOf(mediaType);
  checkParts(root, kind, mediaType, place);
  const artifactType = mediaTypeField(root, 'artifactType', place);
  const subject = root['subject'];
  const base = {
    mediaType,
    annotations: annotationsField(root, place, op),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined || subject === null
      ? {}
      : { subject: parseDescriptor(subject, placeOf(place, 'subject'), op) }),
  };
  const list = (key: string): readonly Descriptor[] => descriptors(root, key, place, op);
  if (kind === 'index') return { kind, ...base, manifests: list('manifests') };
  if (kind === 'artifact') return { kind, ...base, layers: list('blobs') };
  return {
    kind,
    ...base,
    config: parseDescriptor(root['config'], placeOf(place, 'config'), op),
    layers: list('layers'),
  };
}

/** Parses a manifest that must be an index. Throws what {@link parseManifest} throws. */
export function parseIndex(bytes: Uint8Array, what: Descriptor, op?: Op): ImageIndex {
  const manifest = parseManifest(bytes, what, op);
  if (manifest.kind === 'index') return manifest;
  throw ociError('CONTENT_TYPE_MISMATCH', `${what.digest}: expected an index, found ${manifest.mediaType}`, {
    details: { digest: what.digest, found: manifest.mediaType },
  });
}

/**
 * The media type of a manifest's bytes, from the type that came beside them (a header, undefined when there was none) and
 * the one inside. Throws `CONTENT_TYPE_MISMATCH` when they disagree, when neither is there, or when it is no manifest.
 */
export function manifestType(bytes: Uint8Array, beside: string | undefined, name: string, op?: Op): string {
  const place: Place = { document: name, path: '' };
  const root = asObject(parseJson(bytes, op), place);
  return agreedType(beside, root, place);
}

/** The type a referrers list shows: the manifest's own artifact type, else the media type of its config. */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  return manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined);
}

/** Everything that a manifest names and that has to be there for it to be whole; the subject is not part of it. */
export function contentsOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'index') return manifest.manifests;
  return manifest.kind === 'image' ? [manifest.config, ...manifest.layers] : manifest.layers;
}

function agreedType(beside: string | undefined, root: JsonObject, place: Place): string {
  const inside = mediaTypeField(root, 'mediaType', place);
  if (beside !== undefined && inside !== undefined && beside !== inside) {
    throw mismatch(place, `called ${beside} but says ${inside} itself`);
  }
  const mediaType = beside ?? inside;
  if (root['schemaVersion'] === 1) {
    throw ociError(
      'CONTENT_TYPE_MISMATCH',
      `${place.document}: a Docker schema 1 manifest, which names no content safely`,
      {
        details: { document: place.document },
      },
    );
  }
  if (mediaType === undefined) throw mismatch(place, 'no media type tells what it is');
  if (!isManifestType(mediaType)) throw mismatch(place, `${mediaType} is not a manifest or index`);
  return mediaType;
}

function mismatch(place: Place, message: string): Error {
  return ociError('CONTENT_TYPE_MISMATCH', `${place.document}: ${escapeRemote(message, 400)}`, {
    details: { document: place.document },
  });
}

function kindOf(mediaType: string): Manifest['kind'] {
  if (isIndexType(mediaType)) return 'index';
  return mediaType === MediaType.artifactManifest ? 'artifact' : 'image';
}

function checkParts(root: JsonObject, kind: Manifest['kind'], mediaType: string, place: Place): void {
  // The withdrawn artifact manifest had no schemaVersion.
  const version = root['schemaVersion'];
  if (version !== 2 && !(kind === 'artifact' && version === undefined)) {
    throw invalidAt(placeOf(place, 'schemaVersion'), '2', version);
  }
  for (const part of PARTS) {
    if (root[part] !== undefined && !ALLOWED[kind].includes(part)) {
      throw mismatch(place, `called ${mediaType} but has "${part}"`);
    }
  }
}

function descriptors(root: JsonObject, key: string, place: Place, op?: Op): readonly Descriptor[] {
  const at = placeOf(place, key);
  const values: readonly JsonValue[] | undefined = arrayField(root, key, place);
  if (values === undefined) {
    if (key === 'blobs') return [];
    throw invalidAt(at, 'an array', undefined);
  }
  const limit = ociLimits(op, 'manifestDescriptors');
  if (values.length > limit) {
    throw ociError('CONTENT_LIMIT', `${place.document}: names ${values.length} descriptors, more than ${limit}`, {
      details: { document: place.document, limit: 'manifestDescriptors', expected: limit, found: values.length },
    });
  }
  return values.map((value, index) => parseDescriptor(value, placeOf(at, index), op));
}
