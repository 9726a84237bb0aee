import type { Referrers, Repository, TagHint } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { isGantryError } from '../errors.ts';
import { parseManifest } from '../manifest.ts';
import { isManifestType } from '../media-types.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { DEFAULT_TAG, formatReference, type Reference } from '../reference.ts';
import { isTag } from '../reference-grammar.ts';
import { verifiedStream, verifyBytes } from '../verified-stream.ts';
import { blobSource } from './blob-source.ts';
import { BlobWriter } from './blobs.ts';
import { contentName, type Endpoint, endpointName } from './endpoint.ts';
import { changeFallback } from './fallback-index.ts';
import { type ManifestMemory, manifestMemory } from './manifest-memory.ts';
import { uploadManifest } from './manifest-upload.ts';
import { deleteManifest, fetchDescribedManifest, fetchManifest, hasManifest, peekManifest } from './manifests.ts';
import { firstAnswer, readEndpoints } from './mirrors.ts';
import { describeReferrer, findReferrers } from './referrers.ts';
import { registryKnowledge } from './registry-knowledge.ts';
import { listTags } from './tags.ts';

type Bytes = AsyncGenerator<Uint8Array, void, undefined>;

/** A repository of a registry. Reads go through its mirrors, everything else to the registry itself. */
export class RemoteRepository implements Repository {
  readonly name: string;
  readonly #at: Endpoint;
  readonly #reads: readonly Endpoint[];
  readonly #openBlob: (what: Descriptor, op?: Op) => Bytes;
  readonly #blobs: BlobWriter;
  readonly #manifests: ManifestMemory;

  constructor(at: Endpoint, reads: readonly Endpoint[] = readEndpoints(at)) {
    this.#at = at;
    this.name = endpointName(at);
    this.#reads = reads;
    this.#openBlob = blobSource(this.#reads);
    this.#blobs = new BlobWriter(at);
    this.#manifests = manifestMemory();
  }

  async resolve(ref: Reference, op?: Op): Promise<Descriptor> {
    const wanted = this.#tagOrDigest(ref);
    const { descriptor, bytes } = await firstAnswer(this.#reads, (at) => fetchManifest(at, wanted, op), op);
    this.#manifests.put(descriptor.digest, bytes, op);
    return descriptor;
  }

  peek(ref: Reference, op?: Op): Promise<TagHint> {
    const wanted = this.#tagOrDigest(ref);
    return firstAnswer(this.#reads, (at) => peekManifest(at, wanted, op), op);
  }

  async *open(what: Descriptor, op?: Op): Bytes {
    if (isManifestType(what.mediaType)) {
      yield await this.#manifest(what, op);
      return;
    }
    if (what.data !== undefined) {
      yield* verifiedStream(what, [what.data], op);
      return;
    }
    let begun = false;
    try {
      for await (const chunk of this.#openBlob(what, op)) {
        begun = true;
        yield chunk;
      }
    } catch (error) {
      // A manifest of a type unknown here is not among the blobs of a registry.
      const missing = isGantryError(error) && error.code === 'REGISTRY_NOT_FOUND' && !begun;
      if (!missing || !what.mediaType.endsWith('+json') || what.size > ociLimits(op, 'manifestBytes')) throw error;
      yield await this.#manifest(what, op);
    }
  }

  /** A mirror need not have what refers to its content: an empty list of one is no answer, and any list of one may lag behind. */
  referrers(of: Descriptor, artifactType?: string, op?: Op): Promise<Referrers> {
    const ask = async (at: Endpoint): Promise<Referrers> => {
      const found = await findReferrers(at, of, artifactType, (what) => this.#manifest(what, op), op);
      if (!at.mirror) return found;
      if (found.descriptors.length > 0) return { ...found, complete: false };
      throw ociError('REGISTRY_NOT_FOUND', `${contentName(at, of.digest)} has no referrers in this mirror`);
    };
    return firstAnswer(this.#reads, ask, op);
  }

  has(what: Descriptor, op?: Op): Promise<boolean> {
    return isManifestType(what.mediaType) ? hasManifest(this.#at, what, op) : this.#blobs.has(what, op);
  }

  pushBlob(what: Descriptor, content: () => AsyncIterable<Uint8Array>, op?: Op): Promise<void> {
    return this.#blobs.push(what, content, op);
  }

  mount(what: Descriptor, fromRepository: string, op?: Op): Promise<boolean> {
    return this.#blobs.mount(what, fromRepository, op);
  }

  async pushManifest(
    what: Descriptor,
    bytes: Uint8Array,
    options: { readonly tag?: string } = {},
    op?: Op,
  ): Promise<void> {
    if (options.tag !== undefined) this.#checkTag(options.tag);
    verifyBytes(what, bytes, contentName(this.#at, what.digest));
    const stored = await uploadManifest(this.#at, what, bytes, options.tag, op);
    this.#manifests.put(what.digest, bytes, op);
    if (stored.listed) registryKnowledge(this.#at.transport).learnReferrersApi(this.#at, true);
    else await this.#listUnderSubject(what, bytes, op);
  }

  async tag(what: Descriptor, tag: string, op?: Op): Promise<void> {
    this.#checkTag(tag);
    await uploadManifest(this.#at, what, await this.#manifest(what, op), tag, op);
  }

  tags(op?: Op): AsyncIterable<string> {
    return listTags(this.#at, op);
  }

  async delete(what: Descriptor | { readonly tag: string }, op?: Op): Promise<void> {
    if ('tag' in what) {
      this.#checkTag(what.tag);
      return deleteManifest(this.#at, what.tag, op);
    }
    // Afterwards nothing would tell whose referrer it was.
    const bytes = isManifestType(what.mediaType) ? await this.#manifest(what, op) : undefined;
    await deleteManifest(this.#at, what.digest, op);
    this.#manifests.delete(what.digest);
    const subject = bytes === undefined ? undefined : parseManifest(bytes, what, op).subject;
    if (subject !== undefined) await changeFallback(this.#at, subject.digest, { remove: what.digest }, op);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Connections belong to the transport.
  }

  /** The verified bytes of a manifest: from memory, embedded in the descriptor, or from the first endpoint that has them. */
  async #manifest(what: Descriptor, op: Op | undefined): Promise<Uint8Array> {
    const known = this.#manifests.get(what.digest) ?? what.data;
    if (known !== undefined) {
      verifyBytes(what, known, contentName(this.#at, what.digest));
      return known;
    }
    const bytes = await firstAnswer(this.#reads, (at) => fetchDescribedManifest(at, what, op), op);
    this.#manifests.put(what.digest, bytes, op);
    return bytes;
  }

  /** Without `OCI-Subject` in the answer the client keeps the list of referrers (distribution-spec, "Pushing Manifests with Subject"). */
  async #listUnderSubject(what: Descriptor, bytes: Uint8Array, op: Op | undefined): Promise<void> {
    if (!isManifestType(what.mediaType)) return;
    const manifest = parseManifest(bytes, what, op);
    if (manifest.subject === undefined) return;
    const entry = describeReferrer(what, manifest);
    await changeFallback(this.#at, manifest.subject.digest, { add: entry }, op);
  }

  #tagOrDigest(ref: Reference): string {
    const { registry, repository } = this.#at;
    if (ref.kind !== 'registry' || ref.registry !== registry || ref.repository !== repository) {
      throw ociError('REFERENCE_UNSUPPORTED', `${formatReference(ref)} is not in ${this.name}`);
    }
    return ref.digest ?? ref.tag ?? DEFAULT_TAG;
  }

  #checkTag(tag: string): void {
    if (isTag(tag)) return;
    throw ociError('REFERENCE_INVALID', `not a tag of ${this.name}: a tag has at most 128 letters, digits and . _ -`);
  }
}
