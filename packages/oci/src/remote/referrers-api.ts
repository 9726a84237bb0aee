import type { Descriptor } from '../descriptor.ts';
import { isGantryError } from '../errors.ts';
import { MediaType } from '../media-types.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { Document } from './document.ts';
import { contentName, type Endpoint, endpointUrl } from './endpoint.ts';
import { readPages } from './paging.ts';
import { ReferrerSet, readEntries, readReferrersDocument } from './referrers-list.ts';
import { registryKnowledge } from './registry-knowledge.ts';

/** Statuses that registries without the referrers API answer it with. */
const NOT_OFFERED: readonly number[] = [400, 404, 405, 406];
const REDIRECT: readonly number[] = [301, 302, 303, 307, 308];

/** What the referrers API said. `filtered`: entries of other artifact types may be left out. */
export interface ApiListing {
  readonly descriptors: readonly Descriptor[];
  readonly filtered: boolean;
}

/**
 * Lists referrers through the API (distribution-spec, "Listing Referrers"), page by page, filtered by `artifactType` as far as
 * the registry says so in `OCI-Filters-Applied`. Undefined: the registry does not offer it, which is remembered; a redirect to
 * another origin means that too and is not followed, for what answers there is a web front.
 * A registry that fails otherwise (401, 403, 429, 5xx) is an error, never an empty list.
 */
export async function listReferrersByApi(
  at: Endpoint,
  subject: Descriptor,
  artifactType: string | undefined,
  op?: Op,
): Promise<ApiListing | undefined> {
  if (registryKnowledge(at.transport).referrersApi(at) === false) return undefined;
  const most = ociLimits(op, 'redirects');
  let url = endpointUrl(at, `referrers/${subject.digest}`, artifactType === undefined ? {} : { artifactType });
  for (let hops = 0; hops <= most; hops += 1) {
    const answer = await readListing(at, subject, url, op);
    if (!(answer instanceof URL)) return answer;
    url = answer;
  }
  throw ociError('REGISTRY_LIMIT', `the referrers of ${contentName(at, subject.digest)} are redirected too often`, {
    details: { limit: 'redirects', value: most },
  });
}

/** Reads the pages from `url` on; a URL when the registry redirects there. */
async function readListing(
  at: Endpoint,
  subject: Descriptor,
  url: URL,
  op: Op | undefined,
): Promise<ApiListing | URL | undefined> {
  const name = contentName(at, subject.digest);
  const headers = { accept: MediaType.imageIndex };
  const call = { method: 'GET', url, actions: ['pull'], accept: [200, ...NOT_OFFERED, ...REDIRECT], headers } as const;
  const found = new ReferrerSet(name, op);
  let filtered = false;
  let pages = 0;
  for await (const page of readPages(at, call, 'manifestBytes', op)) {
    const target = redirectTarget(at, page);
    if (target !== undefined) return target;
    const list = page.response.status === 200 ? readReferrersDocument(name, page.bytes, op) : undefined;
    if (list === undefined) {
      if (pages > 0)
        throw ociError('REGISTRY_PROTOCOL', `page ${pages + 1} of the referrers of ${name} is not an index`);
      if (!repositoryIsUnknown(page)) registryKnowledge(at.transport).learnReferrersApi(at, false);
      return undefined;
    }
    pages += 1;
    filtered ||= appliedFilters(page).includes('artifactType');
    found.add(readEntries(name, list, op));
  }
  registryKnowledge(at.transport).learnReferrersApi(at, true);
  return { descriptors: found.descriptors, filtered };
}

/** Where a redirect within the registry's origin leads; undefined when there is none or it leaves the origin. */
function redirectTarget(at: Endpoint, { response }: Document): URL | undefined {
  const location = response.header('location');
  if (!REDIRECT.includes(response.status) || location === undefined) return undefined;
  try {
    return at.transport.locate(location, response.url, at.registry);
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

/** A repository that is not there yet says nothing about what the registry offers. */
function repositoryIsUnknown({ response, bytes }: Document): boolean {
  return response.status === 404 && Buffer.from(bytes).includes('NAME_UNKNOWN');
}

function appliedFilters({ response }: Document): readonly string[] {
  return (response.header('oci-filters-applied') ?? '').split(',').map((filter) => filter.trim());
}
