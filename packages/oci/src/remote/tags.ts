import { isGantryError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { isTag } from '../reference-grammar.ts';
import type { Document } from './document.ts';
import { type Endpoint, endpointName, endpointUrl } from './endpoint.ts';
import { readPages } from './paging.ts';

/** Asked for on each page; registries may give fewer, and some give all at once. */
const PAGE_SIZE = 1000;

/**
 * Every tag of a repository, once, in the registry's order; pages are asked for as the reader comes to them. `tags: null` is an
 * empty list. Throws `REGISTRY_NOT_FOUND` for a repository that is not there, `REGISTRY_LIMIT` above `tags` tags.
 */
export async function* listTags(at: Endpoint, op?: Op): AsyncGenerator<string, void, undefined> {
  const pageAfter = (last?: string): URL =>
    endpointUrl(at, 'tags/list', { n: String(PAGE_SIZE), ...(last !== undefined && { last }) });
  const call = {
    method: 'GET',
    url: pageAfter(),
    actions: ['pull'],
    accept: [200, 404],
    headers: { accept: 'application/json' },
  } as const;
  const most = ociLimits(op, 'tags');
  const seen = new Set<string>();
  // A registry may cut the list at the size asked for without a link to the rest.
  let unlinked: URL | undefined;
  for await (const page of readPages(at, call, 'tagListBytes', op, () => unlinked)) {
    const before = seen.size;
    const tags = pageTags(at, page, op);
    for (const tag of tags) {
      if (seen.has(tag)) continue;
      if (seen.size >= most) {
        throw ociError('REGISTRY_LIMIT', `${endpointName(at)} has more than ${most} tags`, {
          details: { limit: 'tags', value: most },
        });
      }
      seen.add(tag);
      yield tag;
    }
    const cut = tags.length === PAGE_SIZE && seen.size > before;
    unlinked = cut ? pageAfter(tags.at(-1)) : undefined;
  }
}

function pageTags(at: Endpoint, page: Document, op: Op | undefined): readonly string[] {
  if (page.response.status === 404) {
    throw ociError('REGISTRY_NOT_FOUND', `the repository ${endpointName(at)} is not in the registry`, {
      details: { repository: endpointName(at) },
    });
  }
  const list = parseList(at, page.bytes, op);
  const tags = typeof list === 'object' && list !== null && 'tags' in list ? list.tags : undefined;
  if (tags === null) return [];
  if (!Array.isArray(tags) || !tags.every((tag): tag is string => typeof tag === 'string' && isTag(tag))) {
    throw ociError(
      'REGISTRY_PROTOCOL',
      `the answer of ${endpointName(at)} to a request for its tags is not a list of tags`,
    );
  }
  return tags;
}

function parseList(at: Endpoint, bytes: Uint8Array, op: Op | undefined): unknown {
  try {
    return parseJson(bytes, op, 'tagListBytes');
  } catch (cause) {
    if (isGantryError(cause) && cause.code === 'CONTENT_LIMIT') throw cause;
    throw ociError('REGISTRY_PROTOCOL', `the answer of ${endpointName(at)} to a request for its tags is not JSON`, {
      cause,
    });
  }
}
