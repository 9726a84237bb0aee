import type { Descriptor } from '../descriptor.ts';
import { digestAlgorithm } from '../digest.ts';
import { ociError } from '../oci-errors.ts';
import type { Op } from '../op.ts';
import type { RequestBody, TransportResponse } from '../transport/transport.ts';
import { uploadedBytes } from './content-range.ts';
import { confirmStored } from './digest-header.ts';
import { contentName, type Endpoint, endpointName, endpointUrl, send } from './endpoint.ts';

/** An upload that a registry has opened (distribution-spec, "Pushing blobs"). */
export interface UploadSession {
  /** The latest Location: opaque, its query kept as it came. */
  url: URL;
  /** Bytes that the registry has acknowledged. */
  offset: number;
  /** `OCI-Chunk-Min-Length`, 0 when there is none. */
  readonly minimumChunk: number;
}

const BINARY = { 'content-type': 'application/octet-stream' } as const;

/** What opening an upload came to. */
export type Opened = { readonly session: UploadSession } | 'stored';

/**
 * POST: opens an upload. With `from` it asks for a mount instead, with `body` it sends the blob in the same request; both are
 * answered with an open upload by registries that do not do it.
 */
export async function openUpload(
  at: Endpoint,
  what: Descriptor,
  how: { readonly from?: string; readonly body?: RequestBody },
  op?: Op,
): Promise<Opened> {
  const algorithm = digestAlgorithm(what.digest);
  const query: Record<string, string> = {
    ...(how.from === undefined ? {} : { mount: what.digest, from: how.from }),
    ...(how.body === undefined ? {} : { digest: what.digest }),
    ...(algorithm === 'sha256' ? {} : { 'digest-algorithm': algorithm }),
  };
  const response = await send(
    at,
    {
      method: 'POST',
      url: endpointUrl(at, 'blobs/uploads/', query),
      actions: ['pull', 'push'],
      accept: [201, 202],
      // A mount that is asked for twice is done once.
      ...(how.from === undefined ? {} : { readsFrom: how.from, repeatable: true }),
      ...(how.body === undefined ? {} : { headers: BINARY }),
      body: how.body ?? { length: 0, content: () => [] },
    },
    op,
  );
  await response.discard();
  if (response.status === 201) {
    confirmStored(contentName(at, what.digest), response, what.digest);
    return 'stored';
  }
  const minimum = Number(response.header('oci-chunk-min-length') ?? 0);
  const session = { url: latestLocation(at, response), offset: 0 };
  return { session: { ...session, minimumChunk: Number.isSafeInteger(minimum) && minimum > 0 ? minimum : 0 } };
}

/** How a step of an upload ended: done, the registry wants the bytes from its own offset, or it knows the upload no more. */
export type StepResult = 'done' | 'elsewhere' | 'lost';

/** PATCH: sends the bytes from `session.offset` on; the offset is then what the registry acknowledged. */
export async function sendChunk(at: Endpoint, session: UploadSession, body: RequestBody, op?: Op): Promise<StepResult> {
  const end = session.offset + body.length;
  const headers = { ...BINARY, 'content-range': `${session.offset}-${end - 1}` };
  const call = { method: 'PATCH', url: session.url, accept: [201, 202, 204, 404, 416], headers, body } as const;
  const response = await send(at, { ...call, actions: ['pull', 'push'] }, op);
  await response.discard();
  if (response.status === 404) return 'lost';
  if (response.status === 416) return askOffset(at, session, response, op);
  session.url = latestLocation(at, response, session.url);
  // After a first chunk of one byte `0-0` is that byte.
  session.offset = end === 1 ? 1 : (uploadedBytes(response.header('range')) ?? end);
  return 'done';
}

/** PUT: closes an upload, with the whole blob or with what is left of it, none. */
export async function closeUpload(
  at: Endpoint,
  session: UploadSession,
  what: Descriptor,
  body: RequestBody,
  op?: Op,
): Promise<StepResult> {
  const url = new URL(session.url);
  // Appended as text: searchParams would write the registry's own parameters anew.
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(what.digest)}`;
  const call = { method: 'PUT', url, accept: [201, 404, 416], headers: BINARY, body, repeatable: false } as const;
  const response = await send(at, { ...call, actions: ['pull', 'push'] }, op);
  await response.discard();
  if (response.status === 404) return 'lost';
  if (response.status === 416) return askOffset(at, session, response, op);
  confirmStored(contentName(at, what.digest), response, what.digest);
  return 'done';
}

/** Learns how much of an upload the registry holds: from the answer at hand, else with a GET of the upload. */
export async function askOffset(
  at: Endpoint,
  session: UploadSession,
  answer: TransportResponse | undefined,
  op?: Op,
): Promise<'elsewhere' | 'lost'> {
  let known = uploadedBytes(answer?.header('range'));
  if (answer !== undefined) session.url = latestLocation(at, answer, session.url);
  if (known === undefined) {
    const call = { method: 'GET', url: session.url, actions: ['pull', 'push'], accept: [200, 204, 404] } as const;
    const response = await send(at, call, op);
    await response.discard();
    if (response.status === 404) return 'lost';
    session.url = latestLocation(at, response, session.url);
    known = uploadedBytes(response.header('range'));
  }
  if (known === undefined) return 'lost';
  session.offset = known;
  return 'elsewhere';
}

function latestLocation(at: Endpoint, response: TransportResponse, before?: URL): URL {
  const location = response.header('location');
  if (location !== undefined) return at.transport.locate(location, response.url, at.registry);
  if (before !== undefined) return before;
  throw ociError('REGISTRY_PROTOCOL', `${endpointName(at)} opened an upload but named no Location for it`);
}
