import { ociError } from '../oci-errors.ts';
import { type OciLimitName, ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { type Document, fetchDocument } from './document.ts';
import { type Call, type Endpoint, endpointName } from './endpoint.ts';
import { nextLink } from './link-header.ts';

/**
 * The pages of a listing, following `Link: <…>; rel="next"`. A link that leaves the registry's origin, a link to a page that
 * was read before, a header above `linkHeaderBytes` and a listing of more than `pages` pages are errors.
 * `pageLimit` caps the bytes of each page. `unlinked` may name the page after one without a link, for registries that cut a
 * listing and do not say so.
 */
export async function* readPages(
  at: Endpoint,
  first: Call,
  pageLimit: OciLimitName,
  op?: Op,
  unlinked?: () => URL | undefined,
): AsyncGenerator<Document, void, undefined> {
  const seen = new Set<string>();
  const most = ociLimits(op, 'pages');
  let call: Call | undefined = first;
  while (call !== undefined) {
    if (seen.has(call.url.href)) {
      throw ociError('REGISTRY_PROTOCOL', `a listing of ${endpointName(at)} leads back to a page that was read`, {
        details: { pages: seen.size },
      });
    }
    if (seen.size >= most) {
      throw ociError('REGISTRY_LIMIT', `a listing of ${endpointName(at)} has more than ${most} pages`, {
        details: { limit: 'pages', value: most },
      });
    }
    seen.add(call.url.href);
    const page: Document = await fetchDocument(at, call, pageLimit, op);
    yield page;
    const url = nextPage(at, page, op) ?? unlinked?.();
    call = url === undefined ? undefined : { ...first, url, accept: [200] };
  }
}

function nextPage(at: Endpoint, page: Document, op: Op | undefined): URL | undefined {
  const link = page.response.header('link');
  if (link === undefined) return undefined;
  const most = ociLimits(op, 'linkHeaderBytes');
  if (link.length > most) {
    throw ociError('REGISTRY_LIMIT', `a Link header of ${endpointName(at)} is longer than ${most} bytes`, {
      details: { limit: 'linkHeaderBytes', value: most, found: link.length },
    });
  }
  const target = nextLink(link);
  return target === undefined ? undefined : at.transport.locate(target, page.response.url, at.registry);
}
