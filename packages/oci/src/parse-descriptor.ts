import { type Annotations, type Descriptor, NO_ANNOTATIONS } from './descriptor.ts';
import { digestFault, isDigest } from './digest.ts';
import type { JsonValue } from './errors.ts';
import type { JsonObject } from './json.ts';
import { arrayField, asObject, invalidAt, objectField, type Place, placeOf, stringField } from './json-fields.ts';
import { ociError } from './oci-errors.ts';
import { ociLimits } from './oci-limits.ts';
import type { Op } from './op.ts';
import type { Platform } from './platform.ts';
import { verifyBytes } from './verified-stream.ts';

/** RFC 6838 names, with parameters as `application/vnd.dev.sigstore.bundle+json;version=0.1` has them. */
const MEDIA_TYPE =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(?:;[\x20-\x7e]{1,200})?$/;

/**
 * A descriptor out of a parsed document. `urls` are ignored (A7); `data` is checked against size and digest.
 * Throws `CONTENT_INVALID`, `CONTENT_LIMIT`, `CONTENT_SIZE_MISMATCH` or `CONTENT_DIGEST_MISMATCH`.
 */
export function parseDescriptor(value: JsonValue | undefined, place: Place, op?: Op): Descriptor {
  const object = asObject(value, place);
  const artifactType = mediaTypeField(object, 'artifactType', place);
  const platform = parsePlatformField(object, place);
  const annotations = annotationsField(object, place, op);
  const descriptor: Descriptor = {
    mediaType: mediaTypeField(object, 'mediaType', place) ?? missing(object, 'mediaType', 'a media type', place),
    digest: digestField(object, place),
    size: sizeField(object, place),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform }),
    ...(annotations === NO_ANNOTATIONS ? {} : { annotations }),
  };
  const data = dataField(object, descriptor, place);
  return data === undefined ? descriptor : { ...descriptor, data };
}

function missing(object: JsonObject, key: string, expected: string, place: Place): never {
  throw invalidAt(placeOf(place, key), expected, object[key]);
}

/** A media type, or undefined when it is absent or empty, as some registries write it. */
export function mediaTypeField(object: JsonObject, key: string, place: Place): string | undefined {
  const text = stringField(object, key, place);
  if (text === undefined || text === '') return undefined;
  if (!MEDIA_TYPE.test(text)) throw invalidAt(placeOf(place, key), 'a media type', text);
  return text;
}

function digestField(object: JsonObject, place: Place): Descriptor['digest'] {
  const text = stringField(object, 'digest', place) ?? missing(object, 'digest', 'a digest', place);
  if (isDigest(text)) return text;
  throw invalidAt(placeOf(place, 'digest'), `a digest (${digestFault(text)?.message ?? ''})`, text);
}

function sizeField(object: JsonObject, place: Place): number {
  const size = object['size'];
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size;
  throw invalidAt(placeOf(place, 'size'), 'a whole number of bytes', size);
}

function dataField(object: JsonObject, what: Descriptor, place: Place): Uint8Array | undefined {
  const text = stringField(object, 'data', place);
  if (text === undefined) return undefined;
  const data = Buffer.from(text, 'base64');
  if (data.toString('base64') !== text) throw invalidAt(placeOf(place, 'data'), 'canonical base64', text);
  verifyBytes(what, data, `${place.document} ${placeOf(place, 'data').path}`);
  return data;
}

/** The annotations of a manifest or descriptor: strings only, each within `annotationBytes`. */
export function annotationsField(object: JsonObject, place: Place, op?: Op): Annotations {
  const found = objectField(object, 'annotations', place);
  if (found === undefined) return NO_ANNOTATIONS;
  const limit = ociLimits(op, 'annotationBytes');
  const annotations: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(found)) {
    const at = placeOf(placeOf(place, 'annotations'), key);
    if (typeof value !== 'string') throw invalidAt(at, 'a string', value);
    const bytes = Buffer.byteLength(value);
    if (bytes > limit) {
      throw ociError('CONTENT_LIMIT', `${at.document}: an annotation has ${bytes} bytes, more than ${limit}`, {
        details: { limit: 'annotationBytes', expected: limit, found: bytes },
      });
    }
    annotations[key] = value;
  }
  return annotations;
}

function parsePlatformField(object: JsonObject, place: Place): Platform | undefined {
  const found = objectField(object, 'platform', place);
  if (found === undefined) return undefined;
  const at = placeOf(place, 'platform');
  const os = stringField(found, 'os', at);
  const architecture = stringField(found, 'architecture', at);
  const variant = stringField(found, 'variant', at);
  const version = stringField(found, 'os.version', at);
  const features = arrayField(found, 'os.features', at)?.map((feature, index) => {
    if (typeof feature !== 'string') throw invalidAt(placeOf(placeOf(at, 'os.features'), index), 'a string', feature);
    return feature;
  });
  // An entry for no system in particular; it is never chosen by platform.
  if (!os || !architecture) return undefined;
  return {
    os,
    architecture,
    ...(variant ? { variant } : {}),
    ...(version ? { 'os.version': version } : {}),
    ...(features !== undefined && features.length > 0 ? { 'os.features': features } : {}),
  };
}
