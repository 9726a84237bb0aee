import type { Repository } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { type GantryError, isGantryError } from '../errors.ts';
import { contentsOf, type Manifest, parseManifest } from '../manifest.ts';
import { isIndexType, isManifestType } from '../media-types.ts';
import { ociError } from '../oci-errors.ts';
import { type OciLimitName, ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { companionTag, resolveTag } from '../resolve-tag.ts';
import { readAll } from '../verified-stream.ts';
import { type BlobRoute, blobRoute } from './blob-route.ts';
import { COMPANIONS, holdsMore } from './companions.ts';
import { Transfers } from './transfers.ts';

/** A manifest that was read. */
interface Document {
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/** The digest a manifest refers to; `absent` when the manifest is not there. */
type Subject = Digest | 'absent' | undefined;

/**
 * One copy of a graph. The contents of manifests form a graph without cycles, since each names the others by digest, and are
 * copied depth first. Links back to a subject may well close a cycle with them (an index that lists what it refers to), so
 * they are followed one level after the other from the outside, never from within.
 */
export class GraphCopy {
  readonly #source: Repository;
  readonly #destination: Repository;
  readonly #transfers: Transfers;
  readonly #blobRoute: BlobRoute;
  /** Every content that was started, by what it is and its digest: each is moved once however often it is named (B9). */
  readonly #started: Map<string, Promise<void>> = new Map();
  /** Manifests that were copied and whose referrers were not asked for yet. */
  #unasked: Descriptor[] = [];
  /** What manifests that a list called referrers refer to; their bytes are not kept, for a list may name thousands. */
  readonly #subjects: Map<Digest, Promise<Subject>> = new Map();
  /** What refers to something or stands under its companion tag: no companions of its own are looked for. */
  readonly #attached: Set<Digest> = new Set();
  #manifests = 0;

  constructor(source: Repository, destination: Repository, op: Op | undefined) {
    this.#source = source;
    this.#destination = destination;
    this.#transfers = new Transfers(op);
    this.#blobRoute = blobRoute(source, destination);
  }

  /** Copies everything, the root last and with its tag. Nothing is running any more when it returns, also on failure. */
  async run(root: Descriptor, options: { readonly tag?: string; readonly referrers?: boolean }): Promise<void> {
    const document = await this.#read(root, 0);
    await this.#contents(root, document, 0);
    if (options.referrers === true) await this.#everyReferrer();
    const tagged = options.tag === undefined ? {} : { tag: options.tag };
    await this.#push(root, document, tagged);
  }

  #once(what: Descriptor, copy: () => Promise<void>): Promise<void> {
    const key = isManifestType(what.mediaType) ? manifestKey(what) : what.digest;
    const started = this.#started.get(key) ?? copy();
    this.#started.set(key, started);
    return started;
  }

  /** Everything that a manifest names, children before their index. */
  #contents(of: Descriptor, { manifest }: Document, depth: number): Promise<void> {
    this.#unasked.push(of);
    return this.#transfers.each(contentsOf(manifest), (what) =>
      this.#once(what, () =>
        isManifestType(what.mediaType) ? this.#manifest(what, depth + 1) : this.#transfers.run(() => this.#blob(what)),
      ),
    );
  }

  async #manifest(what: Descriptor, depth: number): Promise<void> {
    const document = await this.#read(what, depth);
    await this.#contents(what, document, depth);
    await this.#push(what, document, {});
  }

  async #read(what: Descriptor, depth: number): Promise<Document> {
    const { op } = this.#transfers;
    this.#manifests++;
    if (this.#manifests > ociLimits(op, 'graphManifests')) throw this.#tooMuch(what, 'graphManifests');
    if (isIndexType(what.mediaType) && depth > ociLimits(op, 'indexDepth')) throw this.#tooMuch(what, 'indexDepth');
    const bytes = await this.#transfers.run(() => readAll(this.#source, what, op));
    return { bytes, manifest: parseManifest(bytes, what, op) };
  }

  #push(what: Descriptor, document: Document, options: { readonly tag?: string }): Promise<void> {
    const { op } = this.#transfers;
    return this.#transfers.run(() => this.#destination.pushManifest(what, document.bytes, options, op));
  }

  #blob(what: Descriptor): Promise<void> {
    return this.#blobRoute(what, this.#transfers.op);
  }

  /** What refers to anything that was copied, until nothing new turns up. */
  async #everyReferrer(): Promise<void> {
    while (this.#unasked.length > 0) {
      const subjects = this.#unasked;
      this.#unasked = [];
      await this.#transfers.each(subjects, (subject) => this.#referrersOf(subject));
      await this.#transfers.each(subjects, (subject) => this.#companionsOf(subject));
    }
  }

  /** What cosign keeps under tags made from the digest: copied when the destination has nothing there that would be lost. */
  async #companionsOf(subject: Descriptor): Promise<void> {
    if (this.#attached.has(subject.digest)) return;
    const { op } = this.#transfers;
    for (const suffix of COMPANIONS) {
      const tag = companionTag(subject.digest, suffix);
      const what = await this.#transfers.run(() => resolveTag(this.#source, tag, op));
      if (what === undefined) continue;
      this.#attached.add(what.digest);
      const there = await this.#transfers.run(() => resolveTag(this.#destination, tag, op));
      if (there?.digest === what.digest) continue;
      const document = await this.#read(what, 0);
      if (
        there !== undefined &&
        (await this.#transfers.run(() => holdsMore(this.#destination, there, document.manifest, op)))
      ) {
        this.#warn(`${tag} is left as it is at the destination: it holds what the source does not have`);
        continue;
      }
      await this.#contents(what, document, 0);
      await this.#push(what, document, { tag });
    }
  }

  async #referrersOf(subject: Descriptor): Promise<void> {
    const { op } = this.#transfers;
    const { descriptors, complete } = await this.#transfers.run(() => this.#source.referrers(subject, undefined, op));
    if (!complete) this.#warn(`the list of what refers to ${subject.digest} may be incomplete`);
    await this.#transfers.each(descriptors, ({ mediaType, digest, size }) =>
      this.#referrer({ mediaType, digest, size }, subject.digest),
    );
  }

  /** A list of referrers is a claim: the manifest itself says what it refers to, and it may be gone. */
  async #referrer(what: Descriptor, subject: Digest): Promise<void> {
    const started = this.#started.get(manifestKey(what));
    if (started !== undefined) return started;
    let found = this.#subjects.get(what.digest);
    let reading: Promise<Document | undefined> | undefined;
    if (found === undefined) {
      reading = this.#readIfThere(what);
      found = reading.then(subjectOf);
      this.#subjects.set(what.digest, found);
    }
    switch (await found) {
      case 'absent':
        return this.#warn(`${what.digest} is listed as a referrer of ${subject} but is not there`);
      case subject:
        this.#attached.add(what.digest);
        return this.#once(what, async () => {
          const document = (await reading) ?? (await this.#read(what, 0));
          await this.#contents(what, document, 0);
          await this.#push(what, document, {});
        });
      default:
        return this.#warn(`${what.digest} is listed as a referrer of ${subject} but does not name it`);
    }
  }

  async #readIfThere(what: Descriptor): Promise<Document | undefined> {
    try {
      return await this.#read(what, 0);
    } catch (error) {
      if (isGantryError(error) && /_NOT_FOUND$/.test(error.code)) return undefined;
      throw error;
    }
  }

  #tooMuch(what: Descriptor, limit: OciLimitName): GantryError {
    const expected = ociLimits(this.#transfers.op, limit);
    return ociError(
      'CONTENT_LIMIT',
      `copying from ${this.#source.name} reached ${limit} (${expected}) at ${what.digest}`,
      { details: { limit, expected, digest: what.digest } },
    );
  }

  #warn(message: string): void {
    this.#transfers.op.onEvent?.({ type: 'warning', from: this.#source.name, message });
  }
}

function subjectOf(document: Document | undefined): Subject {
  return document === undefined ? 'absent' : document.manifest.subject?.digest;
}

/** A digest may be named as a manifest and as a blob, which are two places in a registry. */
function manifestKey({ digest }: Descriptor): string {
  return `manifest ${digest}`;
}
