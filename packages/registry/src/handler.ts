import type { IncomingMessage, ServerResponse } from 'node:http';
import { blobEndpoint } from './blobs.ts';
import { answer, answerJson, type Exchange } from './exchange.ts';
import { manifestEndpoint } from './manifests.ts';
import { repositoryName } from './names.ts';
import { ProtocolError } from './protocol-error.ts';
import { referrersEndpoint } from './referrers.ts';
import { type Route, routeOf } from './route.ts';
import type { RegistryStorage } from './storage.ts';
import { tagsEndpoint } from './tags.ts';
import type { UploadSessions } from './upload-session.ts';
import { continueUpload, startUpload } from './uploads.ts';

/** What the handler serves. */
export interface HandlerContext {
  readonly storage: RegistryStorage;
  readonly sessions: UploadSessions;
  readonly readOnly: boolean;
  readonly limits?: Readonly<Record<string, number>>;
}

/** Answers one request of the distribution API 1.1. Never rejects: what goes wrong is answered, or ends the connection. */
export async function handle(
  context: HandlerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://registry.invalid');
  const exchange: Exchange = {
    request,
    response,
    method: request.method ?? 'GET',
    query: url?.searchParams ?? new URLSearchParams(),
    storage: context.storage,
    ...(context.limits === undefined ? {} : { limits: context.limits }),
  };
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  try {
    const route = routeOf(url?.pathname ?? '/');
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') requireWritable(context, request);
    await dispatch(exchange, context.sessions, route);
  } catch (error) {
    fail(exchange, error);
  }
}

function requireWritable(context: HandlerContext, request: IncomingMessage): void {
  if (context.readOnly) throw new ProtocolError('UNSUPPORTED', 'the registry is read-only');
  // SAFETY: there are no users, so a page in the user's browser could write to a registry on loopback. Only browsers
  // send Origin.
  if (request.headers.origin !== undefined) throw new ProtocolError('DENIED', 'pages in browsers may not write');
}

async function dispatch(exchange: Exchange, sessions: UploadSessions, route: Route): Promise<void> {
  if (route.kind === 'base') return answerJson(exchange, {});
  const repository = repositoryName(route.repository);
  switch (route.kind) {
    case 'manifest':
      return manifestEndpoint(exchange, repository, route.reference);
    case 'blob':
      return blobEndpoint(exchange, repository, route.reference);
    case 'referrers':
      return referrersEndpoint(exchange, repository, route.reference);
    case 'tags':
      return tagsEndpoint(exchange, repository);
    case 'uploads':
      return startUpload(exchange, sessions, repository);
    case 'upload':
      return continueUpload(exchange, sessions, repository, route.id);
  }
}

function fail(exchange: Exchange, error: unknown): void {
  const { request, response } = exchange;
  // A body that was announced cannot be taken back, and a client that went away hears nothing.
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  // The rest of a body that was begun is not read, so the connection cannot be used again.
  if (request.readableDidRead && !request.complete) response.setHeader('connection', 'close');
  if (error instanceof ProtocolError) {
    const headers = { 'content-type': 'application/json', ...error.headers };
    answer(exchange, error.status, headers, error.body());
    return;
  }
  // What failed is the server's own business (paths, disks): the client learns only that it did.
  const body = JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'the registry failed to answer' }] });
  answer(exchange, 500, { 'content-type': 'application/json' }, body);
}
