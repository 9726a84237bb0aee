/** Rules for what registries are known to do; each is passed to `scriptedRegistry`, alone or spread among others. */
import type { Rule } from './scripted-rule.ts';

/** No referrers API: GET of it is answered with `status` and `body`, and no manifest PUT names an `OCI-Subject`. */
export function withoutReferrers(status: number = 404, body: string = '404 page not found\n', type?: string): Rule[] {
  const contentType = type ?? 'text/plain; charset=utf-8';
  return [{ path: /\/referrers\//, status, body, headers: { 'content-type': contentType } }, withoutSubjectHeader()];
}

/** The referrers API works, but a PUT does not say `OCI-Subject`. */
export function withoutSubjectHeader(): Rule {
  return { method: 'PUT', path: /\/manifests\//, headers: { 'oci-subject': null } };
}

/** The referrers API returns everything, whatever filter was asked for. */
export function withoutFilter(): Rule {
  return {
    path: /\/referrers\//,
    headers: { 'oci-filters-applied': null },
    rewrite: (url) => url.replace(/([?&])artifactType=[^&]*&?/, '$1'),
  };
}

/** Deleting is switched off. */
export function withoutDelete(status: number = 405): Rule {
  const body = '{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}';
  return { method: 'DELETE', status, body, headers: { 'content-type': 'application/json' } };
}

/** Ranges are ignored: every GET of a blob is answered with 200 and the whole. */
export function withoutRanges(): Rule {
  return { method: 'GET', path: /\/blobs\//, hide: ['range'], headers: { 'accept-ranges': null } };
}

/** Lies in `Docker-Content-Digest` of manifests. */
export function lyingDigest(digest: string): Rule {
  return { method: ['GET', 'HEAD'], path: /\/manifests\//, headers: { 'docker-content-digest': digest } };
}

/** One byte of each matching body is another: at `at`, from the end when negative. */
export function flippedByte(path: string | RegExp, at: number = 0): Rule {
  return { method: 'GET', path, alter: (body) => flipByte(body, at) };
}

/** A tag that means another digest with each request; the last digest stays. */
export function flippingTag(tag: string, digests: readonly string[]): Rule {
  return {
    method: ['GET', 'HEAD'],
    path: new RegExp(`/manifests/${tag}$`),
    rewrite: (url, count) => url.replace(/[^/]+$/, digests[Math.min(count, digests.length) - 1] ?? tag),
  };
}

/** Sends the client to another URL. The path and query of the request are given. */
export function redirected(path: string | RegExp, to: string | ((url: string) => string), status: number = 307): Rule {
  const location = typeof to === 'string' ? () => to : to;
  return { path, status, headers: (request) => ({ location: location(request.url ?? '/') }) };
}

/** Every answer carries `Warning: 299`. */
export function warning(text: string): Rule {
  return { headers: { warning: `299 - "${text}"` } };
}

/** Upload locations carry a state in their query, which changes with each answer: only the latest location works. */
export function statefulUploads(): Rule {
  const latest = new Map<string, string>();
  let answers = 0;
  return {
    path: /\/blobs\/uploads\//,
    decide: (request) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://registry.test');
      const state = latest.get(pathname);
      if (state === undefined || searchParams.get('_state') === state) return {};
      return { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"stale location"}]}' };
    },
    headers: (_request, _count, { location }) => {
      if (typeof location !== 'string' || !location.includes('/uploads/')) return {};
      answers += 1;
      const state = `${answers}+/=`;
      latest.set(location, state);
      return { location: `${location}?_state=${encodeURIComponent(state)}` };
    },
  };
}

/** The bytes with one bit flipped at `at`, from the end when negative. */
export function flipByte(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}
