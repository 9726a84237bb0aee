import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../oci-errors.ts';
import type { Op } from '../op.ts';
import type { Document } from './document.ts';
import { contentName, type Endpoint, endpointUrl } from './endpoint.ts';
import { readPages } from './paging.ts';
import { ReferrerSet, readEntries, readReferrersDocument } from './referrers-list.ts';
import { registryKnowledge } from './registry-knowledge.ts';

/** Statuses that registries without the referrers API answer it with. */
const NOT_OFFERED: readonly number[] = [400, 404, 405, 406];

/** What the referrers API said. `filtered`: entries of other artifact types may be left out. */
export interface ApiListing {
  readonly descriptors: readonly Descriptor[];
  readonly filtered: boolean;
}

/**
 * Lists referrers through the API (distribution-spec, "Listing Referrers"), page by page, filtered by `artifactType` as far as
 * the registry says so in `OCI-Filters-Applied`. Undefined: the registry does not offer it, which is remembered.
 * A registry that fails otherwise (401, 403, 429, 5xx) is an error, never an empty list.
 */
export async function listReferrersByApi(
  at: Endpoint,
  subject: Descriptor,
  artifactType: string | undefined,
  op?: Op,
): Promise<ApiListing | undefined> {
  const knowledge = registryKnowledge(at.transport);
  if (knowledge.referrersApi(at) === false) return undefined;
  const name = contentName(at, subject.digest);
  const url = endpointUrl(at, `referrers/${subject.digest}`, artifactType === undefined ? {} : { artifactType });
  const headers = { accept: 'application/vnd.oci.image.index.v1+json' };
  const call = { method: 'GET', url, actions: ['pull'], accept: [200, ...NOT_OFFERED], headers } as const;
  const found = new ReferrerSet(name, op);
  let filtered = false;
  let pages = 0;
  for await (const page of readPages(at, call, 'manifestBytes', op)) {
    const list = offered(page) ? readReferrersDocument(name, page.bytes, op) : undefined;
    if (list === undefined) {
      if (pages > 0)
        throw ociError('REGISTRY_PROTOCOL', `page ${pages + 1} of the referrers of ${name} is not an index`);
      if (!repositoryIsUnknown(page)) knowledge.learnReferrersApi(at, false);
      return undefined;
    }
    pages += 1;
    filtered ||= appliedFilters(page).includes('artifactType');
    found.add(readEntries(name, list, op));
  }
  knowledge.learnReferrersApi(at, true);
  return { descriptors: found.descriptors, filtered };
}

/** An answer from another origin is a web front's, not the registry's. */
function offered({ response }: Document): boolean {
  return response.status === 200 && !response.crossOrigin;
}

/** A repository that is not there yet says nothing about what the registry offers. */
function repositoryIsUnknown({ response, bytes }: Document): boolean {
  return response.status === 404 && Buffer.from(bytes).includes('NAME_UNKNOWN');
}

function appliedFilters({ response }: Document): readonly string[] {
  return (response.header('oci-filters-applied') ?? '').split(',').map((filter) => filter.trim());
}
