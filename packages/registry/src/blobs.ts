import { parseRange } from './byte-range.ts';
import { answer, answerStream, type Exchange } from './exchange.ts';
import { digestName } from './names.ts';
import { ProtocolError } from './protocol-error.ts';

/** GET, HEAD and DELETE of `/v2/<name>/blobs/<digest>`. */
export async function blobEndpoint(exchange: Exchange, repository: string, reference: string): Promise<void> {
  const { method, storage, request } = exchange;
  const digest = digestName(reference);
  if (method === 'DELETE') {
    if (!(await storage.deleteBlob(repository, digest))) throw blobUnknown();
    return answer(exchange, 202, { 'docker-content-digest': digest });
  }
  if (method !== 'GET' && method !== 'HEAD') throw new ProtocolError('UNSUPPORTED', `${method} is not for blobs`);

  const blob = await storage.blob(repository, digest);
  if (blob === undefined) throw blobUnknown();
  const etag = `"${digest}"`;
  const headers = { 'docker-content-digest': digest, etag, 'accept-ranges': 'bytes' };
  if (request.headers['if-none-match'] === etag) return answer(exchange, 304, headers);

  const stale = (request.headers['if-range'] ?? etag) !== etag;
  const range = method === 'HEAD' || stale ? undefined : parseRange(request.headers.range, blob.size);
  if (range === 'unsatisfiable') {
    return answer(exchange, 416, { ...headers, 'content-range': `bytes */${blob.size}` });
  }
  const { start, end } = range ?? { start: 0, end: blob.size };
  const type = { 'content-type': 'application/octet-stream', 'content-length': end - start };
  const partial = { 'content-range': `bytes ${start}-${end - 1}/${blob.size}` };
  await answerStream(
    exchange,
    range === undefined ? 200 : 206,
    { ...headers, ...type, ...(range === undefined ? {} : partial) },
    () => blob.read(start, end),
  );
}

function blobUnknown(): ProtocolError {
  return new ProtocolError('BLOB_UNKNOWN', 'the repository does not have this blob');
}
