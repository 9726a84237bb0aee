/**
 * Reads fields of documents from elsewhere: the value or an error that names the document, the path in it, what was
 * expected and what was found. `null` counts as absent, as Go programs write it for what they do not have.
 */
import type { GantryError, JsonValue } from './errors.ts';
import { escapeRemote } from './escape.ts';
import type { JsonObject } from './json.ts';
import { type OciErrorCode, ociError } from './oci-errors.ts';

/** A place in a document: which document, and the path in it. */
export interface Place {
  readonly document: string;
  readonly path: string;
}

/** The place of a field or an element of a place. */
export function placeOf(place: Place, key: string | number): Place {
  if (typeof key === 'number') return { ...place, path: `${place.path}[${key}]` };
  return { ...place, path: place.path === '' ? key : `${place.path}.${key}` };
}

/** A `CONTENT_INVALID` about a place. */
export function invalidAt(place: Place, expected: string, found: JsonValue | undefined): GantryError<OciErrorCode> {
  const where = place.path === '' ? '' : ` ${place.path}`;
  return ociError('CONTENT_INVALID', `${place.document}:${where} must be ${expected}, found ${shown(found)}`, {
    details: { document: place.document, path: place.path, expected },
  });
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return escapeRemote(JSON.stringify(value), 80);
}

/** The value as an object. */
export function asObject(value: JsonValue | undefined, place: Place): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidAt(place, 'an object', value);
  return value as JsonObject;
}

/** A field that is an object, or undefined. */
export function objectField(object: JsonObject, key: string, place: Place): JsonObject | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : asObject(value, placeOf(place, key));
}

/** A field that is a string, or undefined. */
export function stringField(object: JsonObject, key: string, place: Place): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidAt(placeOf(place, key), 'a string', value);
  return value;
}

/** A field that is an array, or undefined when it is not there at all; `null` is an empty array. */
export function arrayField(object: JsonObject, key: string, place: Place): readonly JsonValue[] | undefined {
  const value = object[key];
  if (value === undefined) return undefined;
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalidAt(placeOf(place, key), 'an array', value);
  return value;
}
