import {
  type Annotations,
  type Digest,
  isDigest,
  isGantryError,
  isIndexType,
  isManifestType,
  MediaType,
  parseJson,
} from '@gantry/oci';
import { ProtocolError } from './protocol-error.ts';

/** What the server reads in a manifest or index: what it points at, and what a list of referrers says about it. */
export interface ManifestFacts {
  readonly mediaType: string;
  /** Digests that the repository must have as blobs. */
  readonly blobs: readonly Digest[];
  /** Digests that the repository must have as manifests. */
  readonly manifests: readonly Digest[];
  readonly subject?: Digest;
  /** Its own `artifactType`, else the media type of its config (distribution-spec, "Listing Referrers"). */
  readonly artifactType?: string;
  readonly annotations?: Annotations;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a manifest that was pushed under a content type, `undefined` when the request had none.
 * Throws `MANIFEST_INVALID` when it is not JSON, its types disagree or a descriptor is malformed.
 */
export function manifestFacts(bytes: Uint8Array, contentType: string | undefined): ManifestFacts {
  const document = parseObject(bytes);
  const isIndex = 'manifests' in document;
  // The withdrawn artifact manifest has no schemaVersion.
  if (document['schemaVersion'] !== 2 && document['mediaType'] !== MediaType.artifactManifest) {
    throw invalid('schemaVersion is not 2');
  }
  if (isIndex && ('layers' in document || 'config' in document)) throw invalid('it is a manifest and an index at once');
  const mediaType = agreedType(optionalText(document, 'mediaType'), contentType, isIndex);

  const config = optionalObject(document, 'config');
  const layers = [...list(document, 'layers'), ...list(document, 'blobs')];
  const subject = optionalObject(document, 'subject');
  const annotations = optionalObject(document, 'annotations');
  const artifactType = optionalText(document, 'artifactType') || (config && optionalText(config, 'mediaType'));
  return {
    mediaType,
    blobs: [...(config === undefined ? [] : [config]), ...layers.filter((layer) => !isForeign(layer))].map(digestIn),
    manifests: list(document, 'manifests').map(digestIn),
    ...(subject === undefined ? {} : { subject: digestIn(subject) }),
    ...(artifactType ? { artifactType } : {}),
    ...(annotations === undefined ? {} : { annotations: annotations as Annotations }),
  };
}

function agreedType(inside: string | undefined, outside: string | undefined, isIndex: boolean): string {
  const mediaType = outside ?? inside ?? (isIndex ? MediaType.imageIndex : MediaType.imageManifest);
  if (inside !== undefined && inside !== mediaType) throw invalid('mediaType and Content-Type disagree');
  if (!isManifestType(mediaType)) throw invalid('its media type is not that of a manifest');
  if (isIndex !== isIndexType(mediaType)) throw invalid('its content is not what the media type says');
  return mediaType;
}

/** Layers with `urls` live elsewhere and need not be here. */
function isForeign(layer: JsonObject): boolean {
  return Array.isArray(layer['urls']) && layer['urls'].length > 0;
}

function digestIn(descriptor: JsonObject): Digest {
  const { digest, size, mediaType } = descriptor;
  if (!isDigest(digest)) throw invalid('a descriptor has no digest');
  if (typeof mediaType !== 'string') throw invalid('a descriptor has no mediaType');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid('a descriptor has no size');
  return digest;
}

function parseObject(bytes: Uint8Array): JsonObject {
  let document: unknown;
  try {
    document = parseJson(bytes);
  } catch (error) {
    throw invalid(isGantryError(error) ? error.message : 'it is not JSON');
  }
  if (!isObject(document)) throw invalid('it is not a JSON object');
  return document;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function optionalObject(document: JsonObject, key: string): JsonObject | undefined {
  const value = document[key] ?? undefined;
  if (value !== undefined && !isObject(value)) throw invalid(`${key} is not an object`);
  return value;
}

function optionalText(document: JsonObject, key: string): string | undefined {
  const value = document[key] ?? undefined;
  if (value !== undefined && typeof value !== 'string') throw invalid(`${key} is not a string`);
  return value;
}

function list(document: JsonObject, key: string): JsonObject[] {
  const value = document[key] ?? [];
  if (!Array.isArray(value) || !value.every(isObject)) throw invalid(`${key} is not a list of descriptors`);
  return value;
}

function invalid(message: string): ProtocolError {
  return new ProtocolError('MANIFEST_INVALID', `the manifest is invalid: ${message}`);
}
