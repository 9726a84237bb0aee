import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { countAttempts } from './attempts.ts';
import { checkBlobAnswer } from './blob-answer.ts';
import { contentName, type Endpoint, endpointUrl, notFound, send } from './endpoint.ts';

/** How far a blob has come, over all answers and endpoints. */
export interface Transfer {
  readonly what: Descriptor;
  /** Bytes handed on so far. */
  done: number;
}

/** What is known of the endpoint that a blob comes from. */
interface Source {
  readonly at: Endpoint;
  readonly url: URL;
  /** A strong ETag: a range is wanted only from the same representation. */
  etag: string | undefined;
  /** False once the endpoint refused a range. */
  ranges: boolean;
}

/**
 * The bytes of a blob from one endpoint, from `transfer.done` on, unverified: the caller hashes all of them.
 *
 * A transfer that is cut goes on with a Range request at the endpoint's own URL, never at a place that it redirected to. Of a
 * registry that answers with the whole blob instead, the first part is dropped: the hash covers what was handed on. An
 * attempt that brings less than `resumeProgressBytes` counts towards `retries`. Returning early frees the connection.
 * Throws `REGISTRY_NOT_FOUND`, `CONTENT_ENCODED`, `CONTENT_SIZE_MISMATCH`, `REGISTRY_PROTOCOL` and what the transport throws.
 */
export async function* streamBlob(
  at: Endpoint,
  transfer: Transfer,
  op?: Op,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source: Source = {
    at,
    url: endpointUrl(at, `blobs/${transfer.what.digest}`),
    etag: undefined,
    ranges: true,
  };
  const attempts = countAttempts(at.transport.environment, op);
  const enough = ociLimits(op, 'resumeProgressBytes');
  for (;;) {
    const before = transfer.done;
    const response = await ask(source, transfer, op);
    if (response === undefined) continue;
    let failure: unknown;
    try {
      yield* readAnswer(source, response, transfer, op);
      if (transfer.done >= transfer.what.size) return;
      failure = cutShort(source, response, transfer);
    } catch (error) {
      failure = error;
    }
    const resumed = before === 0 || response.status === 206;
    if (resumed && transfer.done - before >= enough) attempts.progressed();
    await attempts.failed(failure, source.url);
  }
}

/** Undefined: the endpoint gives no such range; ask for the whole. */
async function ask(source: Source, transfer: Transfer, op: Op | undefined): Promise<TransportResponse | undefined> {
  const { at, url } = source;
  const range = source.ranges && transfer.done > 0;
  const headers: Record<string, string> = { accept: '*/*', 'accept-encoding': 'identity' };
  if (range) headers['range'] = `bytes=${transfer.done}-`;
  if (range && source.etag !== undefined) headers['if-range'] = source.etag;
  const accept = range ? [200, 206, 404, 416] : [200, 404];
  const response = await send(at, { method: 'GET', url, actions: ['pull'], accept, headers }, op);
  if (response.status === 404) await notFound(at, transfer.what.digest, response);
  if (response.status === 416) {
    await response.discard();
    source.ranges = false;
    return undefined;
  }
  return response;
}

async function* readAnswer(
  source: Source,
  response: TransportResponse,
  transfer: Transfer,
  op: Op | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { what } = transfer;
  let position = await checkBlobAnswer(contentName(source.at, what.digest), response, transfer);
  source.etag = strongEtag(response.header('etag'));
  for await (const chunk of response.body) {
    const known = Math.min(chunk.length, Math.max(0, transfer.done - position));
    position += chunk.length;
    if (known === chunk.length) continue;
    transfer.done += chunk.length - known;
    const done = Math.min(transfer.done, what.size);
    op?.onEvent?.({ type: 'progress', action: 'fetch', descriptor: what, done, total: what.size });
    yield known === 0 ? chunk : chunk.subarray(known);
  }
}

/** What it means that an answer ended before the blob did. Retryable unless the registry itself says that this is all. */
function cutShort(source: Source, response: TransportResponse, transfer: Transfer): Error {
  const { what, done } = transfer;
  const name = contentName(source.at, what.digest);
  const framed = (response.header('content-length') ?? response.header('transfer-encoding')) !== undefined;
  if (framed && response.status === 200) {
    return ociError('CONTENT_SIZE_MISMATCH', `${name}: expected ${what.size} bytes, found ${done}`, {
      details: { digest: what.digest, expected: what.size, found: done },
    });
  }
  return ociError('REGISTRY_UNREACHABLE', `${name}: the answer ended at byte ${done} of ${what.size}`, {
    details: { digest: what.digest, expected: what.size, found: done },
  });
}

function strongEtag(header: string | undefined): string | undefined {
  return header !== undefined && /^"[\x21\x23-\x7e]{0,254}"$/.test(header) ? header : undefined;
}
