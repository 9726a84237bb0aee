import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import type { JsonValue } from '../errors.ts';
import { type JsonObject, parseJson } from '../json.ts';
import { arrayField, asObject, type Place, placeOf } from '../json-fields.ts';
import { MediaType } from '../media-types.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { parseDescriptor } from '../parse-descriptor.ts';
import { isTag } from '../reference-grammar.ts';

/** The annotation that holds a tag in `index.json` (image-spec, annotations.md). */
const REF_NAME = 'org.opencontainers.image.ref.name';

/** One entry of `index.json`. What other tools wrote into it is kept when the file is written again. */
export interface LayoutEntry {
  readonly raw: JsonObject;
  readonly descriptor: Descriptor;
  /** Undefined when it has no name, or one that is no tag. */
  readonly tag: string | undefined;
}

/** `index.json`: what a layout holds, by tag and without. */
export interface LayoutIndex {
  readonly root: JsonObject;
  readonly entries: readonly LayoutEntry[];
}

/** The index of a layout that has nothing yet. */
export const EMPTY_INDEX: LayoutIndex = {
  root: { schemaVersion: 2, mediaType: MediaType.imageIndex },
  entries: [],
};

/** Parses `index.json`, strictly. Throws `CONTENT_INVALID` or `CONTENT_LIMIT`. */
export function parseLayoutIndex(bytes: Uint8Array, name: string, op?: Op): LayoutIndex {
  const place: Place = { document: `${name}/index.json`, path: '' };
  const root = asObject(parseJson(bytes, op), place);
  const values = arrayField(root, 'manifests', place) ?? [];
  const limit = ociLimits(op, 'manifestDescriptors');
  if (values.length > limit) {
    throw ociError('CONTENT_LIMIT', `${place.document} has ${values.length} entries, more than ${limit}`, {
      details: { limit: 'manifestDescriptors', expected: limit, found: values.length },
    });
  }
  return {
    root,
    entries: values.map((value, index) => parseEntry(value, placeOf(placeOf(place, 'manifests'), index), op)),
  };
}

function parseEntry(value: JsonValue, place: Place, op?: Op): LayoutEntry {
  const raw = asObject(value, place);
  const descriptor = parseDescriptor(raw, place, op);
  const name = descriptor.annotations?.[REF_NAME];
  return { raw, descriptor, tag: name !== undefined && isTag(name) ? name : undefined };
}

/** The bytes of `index.json`. */
export function formatLayoutIndex(index: LayoutIndex): Uint8Array {
  const { manifests: _, ...rest } = index.root;
  return Buffer.from(JSON.stringify({ ...rest, manifests: index.entries.map((entry) => entry.raw) }));
}

/** The index with an entry for a manifest, under a tag or without. A tag moves; an entry that is there stays as it is. */
export function withEntry(index: LayoutIndex, what: Descriptor, tag: string | undefined): LayoutIndex {
  const { mediaType, digest, size, artifactType } = what;
  const same = (entry: LayoutEntry): boolean => entry.descriptor.digest === digest && entry.tag === tag;
  if (tag === undefined ? listed(index, digest) : index.entries.some(same)) return index;
  const raw: JsonObject = {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(tag === undefined ? {} : { annotations: { [REF_NAME]: tag } }),
  };
  const entry: LayoutEntry = { raw, descriptor: { mediaType, digest, size }, tag };
  const others = tag === undefined ? index.entries : without(index, (other) => other.tag === tag).entries;
  // An entry without tag says no more than the new one.
  const kept =
    tag === undefined ? others : others.filter((other) => other.descriptor.digest !== digest || named(other));
  return { ...index, entries: [...kept, entry] };
}

/** Whether a manifest has an entry, tagged or not. */
function listed(index: LayoutIndex, digest: Digest): boolean {
  return index.entries.some((entry) => entry.descriptor.digest === digest);
}

/** Whether an entry has a name of any form. */
export function named(entry: LayoutEntry): boolean {
  return entry.descriptor.annotations?.[REF_NAME] !== undefined || entry.tag !== undefined;
}

/** The index without the entries that a test picks. */
export function without(index: LayoutIndex, pick: (entry: LayoutEntry) => boolean): LayoutIndex {
  return { ...index, entries: index.entries.filter((entry) => !pick(entry)) };
}
