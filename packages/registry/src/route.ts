import { ProtocolError } from './protocol-error.ts';

/** What a request is about, from its path alone; names in it are not checked yet. */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'manifest' | 'blob' | 'referrers'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'tags' | 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string };

/** Greedy names: `/v2/a/blobs/b/blobs/sha256:…` is a blob of the repository `a/blobs/b`. */
const PATTERNS = {
  upload: /^\/v2\/(.+)\/blobs\/uploads\/([0-9a-f-]+)$/,
  uploads: /^\/v2\/(.+)\/blobs\/uploads\/?$/,
  tags: /^\/v2\/(.+)\/tags\/list$/,
  manifest: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
  blob: /^\/v2\/(.+)\/blobs\/([^/]+)$/,
  referrers: /^\/v2\/(.+)\/referrers\/([^/]+)$/,
} as const;

/** Finds the endpoint for the path of a URL. Throws `UNSUPPORTED` (404) when there is none. */
export function routeOf(pathname: string): Route {
  const path = decoded(pathname);
  if (path === '/v2/' || path === '/v2') return { kind: 'base' };
  for (const kind of ['upload', 'uploads', 'tags', 'manifest', 'blob', 'referrers'] as const) {
    const [, repository, rest] = PATTERNS[kind].exec(path) ?? [];
    if (repository === undefined) continue;
    if (kind === 'uploads' || kind === 'tags') return { kind, repository };
    if (kind === 'upload') return { kind, repository, id: rest ?? '' };
    return { kind, repository, reference: rest ?? '' };
  }
  throw new ProtocolError('UNSUPPORTED', 'there is no such endpoint', { status: 404 });
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw new ProtocolError('NAME_INVALID', 'the path is not valid percent-encoding');
  }
}
