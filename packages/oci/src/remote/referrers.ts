import type { Referrers } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { isGantryError } from '../errors.ts';
import { artifactTypeOf, type Manifest, parseManifest } from '../manifest.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { contentName, type Endpoint, endpointName } from './endpoint.ts';
import { type FallbackContent, fallbackTag, readFallback } from './fallback-index.ts';
import { listReferrersByApi } from './referrers-api.ts';
import { ReferrerSet, readEntries } from './referrers-list.ts';

/** The entry of a referrer in a list: its type and annotations are those of its manifest, whatever another list says. */
export function describeReferrer({ mediaType, digest, size }: Descriptor, manifest: Manifest): Descriptor {
  const artifactType = artifactTypeOf(manifest);
  const { annotations } = manifest;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

/** Reads a manifest by descriptor, from memory or from the endpoint. */
export type ReadManifest = (what: Descriptor, op?: Op) => Promise<Uint8Array>;

/** Candidates from both places that list them. */
interface Candidates extends Referrers {
  readonly filtered: boolean;
}

/**
 * What refers to a manifest: the union of the referrers API and of the fallback tag, which registries that gained the API
 * later may still hold alone.
 *
 * Without `artifactType` this is the list as it stands, a hint. With it the candidates are opened: those that claim the type
 * first and, when none of them has it, all others, since registries report wrong types. Each one opened must have the type
 * and name the subject itself. At most `referrersOpened` are opened; `complete` is false when that was not enough, when a
 * candidate is gone, or when the fallback tag holds something else. Throws as {@link listReferrersByApi}.
 */
export async function findReferrers(
  at: Endpoint,
  subject: Descriptor,
  artifactType: string | undefined,
  read: ReadManifest,
  op?: Op,
): Promise<Referrers> {
  const fallback = await readFallback(at, subject.digest, op);
  const listed = await listCandidates(at, subject, artifactType, fallback, op);
  const { descriptors, via, complete } = listed;
  if (artifactType === undefined) return { descriptors, via, complete };
  const search = new Search(at, subject, artifactType, read, op);
  const claims = (candidate: Descriptor): boolean => candidate.artifactType === artifactType;
  await search.open(descriptors.filter(claims));
  if (search.found.length === 0) {
    const all = listed.filtered ? await listCandidates(at, subject, undefined, fallback, op) : listed;
    await search.open(all.descriptors.filter((candidate) => !claims(candidate)));
  }
  return { descriptors: search.found, via, complete: complete && search.complete };
}

async function listCandidates(
  at: Endpoint,
  subject: Descriptor,
  artifactType: string | undefined,
  fallback: FallbackContent,
  op: Op | undefined,
): Promise<Candidates> {
  const api = await listReferrersByApi(at, subject, artifactType, op);
  const found = new ReferrerSet(contentName(at, subject.digest), op);
  const tag = fallbackTag(subject.digest);
  found.add(api?.descriptors ?? []);
  if (typeof fallback === 'object') found.add(readEntries(contentName(at, tag), fallback, op));
  if (fallback === 'foreign') {
    const message = `the tag ${tag} should list referrers but holds something else`;
    op?.onEvent?.({ type: 'warning', from: endpointName(at), message });
  }
  return {
    descriptors: found.descriptors,
    via: api === undefined ? 'tag' : typeof fallback === 'object' ? 'both' : 'api',
    complete: fallback !== 'foreign' || api !== undefined,
    filtered: api?.filtered ?? false,
  };
}

/** Opens candidates until the cap and keeps those that are what was asked for. */
class Search {
  readonly found: Descriptor[] = [];
  complete = true;
  #left: number;
  readonly #at: Endpoint;
  readonly #subject: Descriptor;
  readonly #artifactType: string;
  readonly #read: ReadManifest;
  readonly #op: Op | undefined;

  constructor(at: Endpoint, subject: Descriptor, artifactType: string, read: ReadManifest, op: Op | undefined) {
    this.#at = at;
    this.#subject = subject;
    this.#artifactType = artifactType;
    this.#read = read;
    this.#op = op;
    this.#left = ociLimits(op, 'referrersOpened');
  }

  async open(candidates: readonly Descriptor[]): Promise<void> {
    for (const candidate of candidates) {
      if (this.#left === 0) return this.#incomplete('there are more candidates than referrersOpened allows to open');
      this.#left -= 1;
      const manifest = await this.#parse(candidate);
      if (manifest?.subject?.digest !== this.#subject.digest) continue;
      if (artifactTypeOf(manifest) !== this.#artifactType) continue;
      this.found.push(describeReferrer(candidate, manifest));
    }
  }

  /** Undefined for a candidate that cannot be used: one bad entry must not hide the others. */
  async #parse(candidate: Descriptor): Promise<Manifest | undefined> {
    try {
      return parseManifest(await this.#read(candidate, this.#op), candidate, this.#op);
    } catch (error) {
      const usable = isGantryError(error) && (error.code === 'REGISTRY_NOT_FOUND' || error.code.startsWith('CONTENT_'));
      if (!usable) throw error;
      this.#incomplete(`the referrer ${candidate.digest} is left out (${error.code})`);
      return undefined;
    }
  }

  #incomplete(message: string): void {
    this.complete = false;
    this.#op?.onEvent?.({ type: 'warning', from: contentName(this.#at, this.#subject.digest), message });
  }
}
