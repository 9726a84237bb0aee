import type { Referrers, Repository, TagHint } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { isGantryError } from '../errors.ts';
import { manifestType, parseManifest } from '../manifest.ts';
import { isManifestType } from '../media-types.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { formatReference, type Reference } from '../reference.ts';
import { checkTag } from '../reference-grammar.ts';
import { readAll, verifiedStream, verifyBytes } from '../verified-stream.ts';
import { type LayoutEntry, type LayoutIndex, named, withEntry, without } from './layout-index.ts';
import type { LayoutStorage } from './layout-storage.ts';
import { factsOf, type ManifestFacts, referrerEntry } from './manifest-facts.ts';

/** A repository in an OCI image layout (image-spec, image-layout.md), wherever its bytes are kept. */
export class LayoutRepository implements Repository {
  readonly #storage: LayoutStorage;
  /** Facts by digest never go stale. */
  readonly #facts: Map<Digest, ManifestFacts> = new Map();

  constructor(storage: LayoutStorage) {
    this.#storage = storage;
  }

  get name(): string {
    return this.#storage.name;
  }

  open(what: Descriptor, op?: Op): AsyncIterable<Uint8Array> {
    return verifiedStream(what, this.#storage.read(what.digest), op, this.name);
  }

  async resolve(ref: Reference, op?: Op): Promise<Descriptor> {
    const entry = await this.#find(ref, op);
    const digest = ref.digest ?? entry?.descriptor.digest;
    const size = digest === undefined ? undefined : await this.#storage.size(digest);
    if (digest === undefined || size === undefined) throw this.#notFound(formatReference(ref));
    const unread: Descriptor = { mediaType: entry?.descriptor.mediaType ?? '', digest, size };
    const bytes = await readAll(this, unread, op);
    const mediaType = manifestType(bytes, entry?.descriptor.mediaType, `${this.name}@${digest}`, op);
    const claimed = entry?.descriptor.size;
    if (claimed !== undefined && claimed !== size) {
      const message = `${this.name}/index.json says ${claimed} bytes for ${digest}, found ${size}`;
      throw ociError('CONTENT_SIZE_MISMATCH', message, { details: { digest, expected: claimed, found: size } });
    }
    return { mediaType, digest, size };
  }

  async peek(ref: Reference, op?: Op): Promise<TagHint> {
    const entry = await this.#find(ref, op);
    if (entry !== undefined) {
      const { digest, size, mediaType } = entry.descriptor;
      return { digest, size, mediaType };
    }
    const size = ref.digest === undefined ? undefined : await this.#storage.size(ref.digest);
    if (ref.digest === undefined || size === undefined) throw this.#notFound(formatReference(ref));
    return { digest: ref.digest, size };
  }

  /** The entry that a reference means. Undefined: there is none, though a blob may have the digest. */
  async #find(ref: Reference, op?: Op): Promise<LayoutEntry | undefined> {
    const { entries } = await this.#storage.readIndex(op);
    if (ref.digest !== undefined) return entries.find((entry) => entry.descriptor.digest === ref.digest);
    if (ref.tag === undefined) return this.#only(entries);
    const found = entries.filter((entry) => entry.tag === ref.tag);
    if (new Set(found.map((entry) => entry.descriptor.digest)).size > 1) {
      throw ociError('CONTENT_LAYOUT_INVALID', `${this.name}: the tag ${ref.tag} names two different manifests`, {
        hint: 'name the digest instead',
      });
    }
    return found[0];
  }

  #only(entries: readonly LayoutEntry[]): LayoutEntry | undefined {
    const tagged = entries.filter((entry) => entry.tag !== undefined);
    const candidates = entries.length === 1 ? entries : tagged;
    if (entries.length === 0 || candidates.length === 1) return candidates[0];
    const tags = tagged.slice(0, 20).map((entry) => entry.tag ?? '');
    const found = tags.length === 0 ? 'no tags' : `the tags ${tags.join(', ')}`;
    throw ociError('REFERENCE_UNSUPPORTED', `${this.name} holds ${entries.length} manifests and ${found}`, {
      details: { found: tags },
      hint: 'name one: oci-layout:DIR:tag or oci-layout:DIR@digest',
    });
  }

  async referrers(of: Descriptor, artifactType?: string, op?: Op): Promise<Referrers> {
    const descriptors: Descriptor[] = [];
    const limit = ociLimits(op, 'referrers');
    const { complete } = await this.#walk(op, (what, facts) => {
      if (facts.subject !== of.digest || (artifactType ?? facts.artifactType) !== facts.artifactType) return;
      descriptors.push(referrerEntry(what, facts));
      if (descriptors.length <= limit) return;
      throw ociError('CONTENT_LIMIT', `${this.name}@${of.digest} has more than ${limit} referrers`, {
        details: { digest: of.digest, limit: 'referrers', expected: limit },
      });
    });
    return { descriptors, via: 'api', complete };
  }

  /** Visits every manifest that is reachable from the index, each once. */
  async #walk(
    op: Op | undefined,
    visit: (what: Descriptor, facts: ManifestFacts) => void,
  ): Promise<{ complete: boolean }> {
    const { entries } = await this.#storage.readIndex(op);
    const limit = ociLimits(op, 'graphManifests');
    const queue = entries.map((entry) => entry.descriptor).filter((what) => isManifestType(what.mediaType));
    const seen = new Set<Digest>();
    let complete = true;
    for (let what = queue.pop(); what !== undefined; what = queue.pop()) {
      if (seen.has(what.digest)) continue;
      seen.add(what.digest);
      if (seen.size > limit) {
        throw ociError('CONTENT_LIMIT', `${this.name} holds more than ${limit} manifests`, {
          details: { limit: 'graphManifests', expected: limit },
        });
      }
      const facts = await this.#factsIfThere(what, op);
      if (facts === undefined) {
        complete = false;
        continue;
      }
      visit(what, facts);
      queue.push(...facts.children);
    }
    return { complete };
  }

  async #factsIfThere(what: Descriptor, op?: Op): Promise<ManifestFacts | undefined> {
    const known = this.#facts.get(what.digest);
    if (known !== undefined) return known;
    try {
      const facts = factsOf(parseManifest(await readAll(this, what, op), what, op));
      this.#facts.set(what.digest, facts);
      return facts;
    } catch (error) {
      // A layout may hold one platform of an index only, and one bad manifest does not hide what others refer to.
      if (isGantryError(error)) return undefined;
      throw error;
    }
  }

  async has(what: Descriptor, op?: Op): Promise<boolean> {
    op?.signal?.throwIfAborted();
    return (await this.#storage.size(what.digest)) === what.size;
  }

  async pushBlob(what: Descriptor, content: () => AsyncIterable<Uint8Array>, op?: Op): Promise<void> {
    if (await this.has(what, op)) return;
    await this.#storage.write(what, reported(what, verifiedStream(what, content(), op, this.name), op), op);
  }

  async pushManifest(
    what: Descriptor,
    bytes: Uint8Array,
    options: { readonly tag?: string } = {},
    op?: Op,
  ): Promise<void> {
    const { tag } = options;
    if (tag !== undefined) checkTag(tag, 0, tag.length);
    verifyBytes(what, bytes, this.name);
    const facts = factsOf(parseManifest(bytes, what, op));
    this.#facts.set(what.digest, facts);
    await this.pushBlob(what, () => once(bytes), op);
    const children = new Set(facts.children.map((child) => child.digest));
    await this.#storage.updateIndex(async (index) => {
      const listedNow = await this.#moveTag(index, what, tag, op);
      // What the new index lists is reached through it; only names keep an entry of their own.
      return without(listedNow, (entry) => children.has(entry.descriptor.digest) && !named(entry));
    }, op);
  }

  /** Sets the entry of a manifest; what the tag named before stays listed when it refers to something. */
  async #moveTag(index: LayoutIndex, what: Descriptor, tag: string | undefined, op?: Op): Promise<LayoutIndex> {
    const replaced = tag === undefined ? undefined : index.entries.find((entry) => entry.tag === tag);
    const moved = withEntry(index, what, tag);
    if (replaced === undefined || moved === index) return moved;
    const facts = await this.#factsIfThere(replaced.descriptor, op);
    return facts?.subject === undefined ? moved : withEntry(moved, replaced.descriptor, undefined);
  }

  async tag(what: Descriptor, tag: string, op?: Op): Promise<void> {
    checkTag(tag, 0, tag.length);
    if (!(await this.has(what, op))) throw this.#notFound(what.digest);
    await this.#storage.updateIndex((index) => this.#moveTag(index, what, tag, op), op);
  }

  async *tags(op?: Op): AsyncGenerator<string, void, undefined> {
    const { entries } = await this.#storage.readIndex(op);
    yield* new Set(entries.flatMap((entry) => (entry.tag === undefined ? [] : [entry.tag])));
  }

  async delete(what: Descriptor | { readonly tag: string }, op?: Op): Promise<void> {
    if ('tag' in what) {
      await this.#storage.updateIndex((index) => this.#dropTag(index, what.tag, op), op);
      return;
    }
    if ((await this.#storage.size(what.digest)) === undefined) throw this.#notFound(what.digest);
    await this.#storage.updateIndex((index) => without(index, (entry) => entry.descriptor.digest === what.digest), op);
    await this.#storage.remove(what.digest);
    this.#facts.delete(what.digest);
  }

  async #dropTag(index: LayoutIndex, tag: string, op?: Op): Promise<LayoutIndex> {
    const found = index.entries.filter((entry) => entry.tag === tag);
    if (found.length === 0) throw this.#notFound(`tag ${tag}`);
    let changed = without(index, (entry) => entry.tag === tag);
    for (const { descriptor } of found) {
      const facts = await this.#factsIfThere(descriptor, op);
      if (facts?.subject !== undefined) changed = withEntry(changed, descriptor, undefined);
    }
    return changed;
  }

  #notFound(what: string): Error {
    return ociError('CONTENT_NOT_FOUND', `${this.name} does not have ${what}`, { details: { repository: this.name } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#storage.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function* reported(
  what: Descriptor,
  content: AsyncIterable<Uint8Array>,
  op: Op | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0;
  for await (const chunk of content) {
    yield chunk;
    done += chunk.length;
    op?.onEvent?.({ type: 'progress', action: 'push', descriptor: what, done, total: what.size });
  }
}
