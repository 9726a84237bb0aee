import type { Descriptor } from '../descriptor.ts';
import { isGantryError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { parseJson } from '../json.ts';
import { arrayField, asObject, type Place, placeOf } from '../json-fields.ts';
import { MediaType } from '../media-types.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { parseDescriptor } from '../parse-descriptor.ts';

/** A list of referrers as it stands in a document, its entries not read yet. */
export interface ReferrersDocument {
  readonly root: JsonObject;
  readonly entries: readonly JsonObject[];
}

/**
 * Reads an image index that lists referrers; `manifests: null` is an empty list. Undefined for anything that is not an index
 * at all: a web page, an error document, an image manifest. Throws `CONTENT_LIMIT` for an index that is too deep.
 */
export function readReferrersDocument(name: string, bytes: Uint8Array, op?: Op): ReferrersDocument | undefined {
  const place: Place = { document: name, path: '' };
  try {
    const root = asObject(parseJson(bytes, op), place);
    const type = root['mediaType'] ?? MediaType.imageIndex;
    const isIndex = type === MediaType.imageIndex && root['layers'] === undefined && root['config'] === undefined;
    const entries = arrayField(root, 'manifests', place);
    if (!isIndex || entries === undefined) return undefined;
    return {
      root,
      entries: entries.map((entry, index) => asObject(entry, placeOf(placeOf(place, 'manifests'), index))),
    };
  } catch (error) {
    if (isGantryError(error) && error.code === 'CONTENT_INVALID') return undefined;
    throw error;
  }
}

/** The entries as descriptors. Throws `CONTENT_INVALID` for an entry that is none. */
export function readEntries(name: string, document: ReferrersDocument, op?: Op): readonly Descriptor[] {
  const place: Place = { document: name, path: 'manifests' };
  return document.entries.map((entry, index) => parseDescriptor({ ...entry }, placeOf(place, index), op));
}

/** Collects referrers, each digest once. Throws `REGISTRY_LIMIT` above `referrers` of them. */
export class ReferrerSet {
  readonly #found: Map<string, Descriptor> = new Map();
  readonly #name: string;
  readonly #most: number;

  /** `name` is the subject's, for messages. */
  constructor(name: string, op?: Op) {
    this.#name = name;
    this.#most = ociLimits(op, 'referrers');
  }

  add(descriptors: Iterable<Descriptor>): void {
    for (const descriptor of descriptors) {
      if (!this.#found.has(descriptor.digest)) this.#found.set(descriptor.digest, descriptor);
      if (this.#found.size > this.#most) {
        throw ociError('REGISTRY_LIMIT', `${this.#name} has more than ${this.#most} referrers`, {
          details: { limit: 'referrers', expected: this.#most },
        });
      }
    }
  }

  get descriptors(): readonly Descriptor[] {
    return [...this.#found.values()];
  }
}
