import { ociError } from '../oci-errors.ts';
import type { Op } from '../op.ts';
import type { Access, RequestBody, Transport, TransportRequest, TransportResponse } from '../transport/transport.ts';

/** One place that holds a repository: the registry itself, or a mirror with its own credentials and settings. */
export interface Endpoint {
  readonly transport: Transport;
  /** `host[:port]`. */
  readonly registry: string;
  readonly repository: string;
  readonly mirror: boolean;
}

/** A request to an endpoint; `url` comes from {@link endpointUrl} or from a Location that the transport located. */
export interface Call {
  readonly method: TransportRequest['method'];
  readonly url: URL;
  /** What the token must allow on the endpoint's repository. */
  readonly actions: Access['actions'];
  /** A second repository that is read, for a mount. */
  readonly readsFrom?: string;
  readonly accept: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly repeatable?: boolean;
}

/** How messages name an endpoint: `host/repository`. */
export function endpointName(at: Endpoint): string {
  return `${at.registry}/${at.repository}`;
}

/** How messages name content of an endpoint: `host/repository:tag` or `host/repository@digest`. */
export function contentName(at: Endpoint, tagOrDigest: string): string {
  return `${endpointName(at)}${tagOrDigest.includes(':') ? '@' : ':'}${tagOrDigest}`;
}

/** `/v2/<repository>/<path>` of an endpoint. Names are checked by their grammar before they come here. */
export function endpointUrl(at: Endpoint, path: string, query?: Readonly<Record<string, string>>): URL {
  const url = at.transport.baseUrl(at.registry);
  url.pathname = `/v2/${at.repository}/${path}`;
  if (query !== undefined) url.search = new URLSearchParams(query).toString();
  return url;
}

/** Sends a request with the access it needs. Throws what {@link Transport.request} throws. */
export function send(at: Endpoint, call: Call, op?: Op): Promise<TransportResponse> {
  const { actions, readsFrom, ...request } = call;
  const access: Access[] = [{ repository: at.repository, actions }];
  if (readsFrom !== undefined) access.push({ repository: readsFrom, actions: ['pull'] });
  return at.transport.request({ ...request, registry: at.registry, access }, op);
}

/** Drops the body of an answer and says that what was asked for is not there. */
export async function notFound(at: Endpoint, tagOrDigest: string, response: TransportResponse): Promise<never> {
  await response.discard();
  const name = contentName(at, tagOrDigest);
  throw ociError('REGISTRY_NOT_FOUND', `${name} is not in the registry`, { details: { reference: name } });
}
