import type { IncomingMessage } from 'node:http';
import { ProtocolError } from './protocol-error.ts';

/** The body of a request in pieces. Throws `SIZE_INVALID` (413) before more than `limit` bytes were yielded. */
export async function* requestBody(request: IncomingMessage, limit: number): AsyncGenerator<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  let received = 0;
  // Leaving the loop must not end the connection: the client is still to hear why.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    received += chunk.length;
    if (received > limit) throw tooLarge(limit);
    yield chunk;
  }
}

/** The whole body of a request, for small documents. Throws as {@link requestBody}. */
export async function wholeBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of requestBody(request, limit)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function tooLarge(limit: number): ProtocolError {
  // Nobody wants to wait for the rest of the body.
  return new ProtocolError('SIZE_INVALID', `the content is larger than ${limit} bytes`, {
    status: 413,
    headers: { connection: 'close' },
  });
}
