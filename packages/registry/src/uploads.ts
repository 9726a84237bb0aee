import type { Digest, DigestAlgorithm } from '@gantry/oci';
import { parseChunkRange } from './byte-range.ts';
import { answer, type Exchange } from './exchange.ts';
import { digestName, repositoryName } from './names.ts';
import { ProtocolError } from './protocol-error.ts';
import { registryLimits } from './registry-limits.ts';
import { requestBody } from './request-body.ts';
import type { UploadSession, UploadSessions } from './upload-session.ts';

/** POST of `/v2/<name>/blobs/uploads/`: a mount, a whole blob (`digest`), or the start of an upload. */
export async function startUpload(exchange: Exchange, sessions: UploadSessions, repository: string): Promise<void> {
  const { method, query, storage } = exchange;
  if (method !== 'POST') throw new ProtocolError('UNSUPPORTED', `${method} is not for starting uploads`);
  const mounted = query.get('mount');
  if (mounted !== null) {
    const digest = digestName(mounted);
    const from = query.get('from');
    if (from !== null && (await storage.mount(repositoryName(from), repository, digest))) {
      return blobCreated(exchange, repository, digest);
    }
  }

  const digest = query.get('digest');
  const expected = digest === null ? undefined : digestName(digest);
  const session = await sessions.start(repository, algorithmOf(query.get('digest-algorithm'), expected));
  if (expected === undefined) return accepted(exchange, session, 202);
  await finish(exchange, sessions, session, expected);
}

/** GET, PATCH, PUT and DELETE of an upload that was started. */
export async function continueUpload(
  exchange: Exchange,
  sessions: UploadSessions,
  repository: string,
  id: string,
): Promise<void> {
  const session = sessions.find(repository, id);
  switch (exchange.method) {
    case 'GET':
      return accepted(exchange, session, 204);
    case 'PATCH':
      await session.exclusively(() => receive(exchange, session));
      return accepted(exchange, session, 202);
    case 'PUT': {
      const digest = digestName(exchange.query.get('digest') ?? '');
      return finish(exchange, sessions, session, digest);
    }
    case 'DELETE':
      await session.exclusively(() => sessions.end(session));
      return answer(exchange, 204, {});
    default:
      throw new ProtocolError('UNSUPPORTED', `${exchange.method} is not for uploads`);
  }
}

/** Takes the last bytes and stores the blob. An upload that fails here is over: its bytes are not what was meant. */
async function finish(
  exchange: Exchange,
  sessions: UploadSessions,
  session: UploadSession,
  digest: Digest,
): Promise<void> {
  await session.exclusively(async () => {
    requireOrder(exchange, session);
    try {
      await receive(exchange, session);
      await session.commit(digest);
    } finally {
      await sessions.end(session);
    }
  });
  blobCreated(exchange, session.repository, digest);
}

async function receive(exchange: Exchange, session: UploadSession): Promise<void> {
  requireOrder(exchange, session);
  const limit = registryLimits(exchange, 'servedBlobBytes');
  await session.append(requestBody(exchange.request, limit - session.size));
}

/** A chunk that says where it belongs must begin where the upload ends (distribution-spec, "Pushing a blob in chunks"). */
function requireOrder(exchange: Exchange, session: UploadSession): void {
  const header = exchange.request.headers['content-range'];
  if (header === undefined) return;
  const range = parseChunkRange(header);
  if (range === undefined) throw new ProtocolError('BLOB_UPLOAD_INVALID', 'Content-Range is malformed');
  const length = exchange.request.headers['content-length'];
  if (length !== undefined && Number(length) !== range.end - range.start) {
    throw new ProtocolError('SIZE_INVALID', 'Content-Range and Content-Length disagree');
  }
  if (range.start !== session.size) {
    throw new ProtocolError('BLOB_UPLOAD_INVALID', `the next chunk begins at ${session.size}`, {
      status: 416,
      headers: uploadHeaders(session),
    });
  }
}

function algorithmOf(asked: string | null, expected: Digest | undefined): DigestAlgorithm {
  if (asked === 'sha512' || expected?.startsWith('sha512:')) return 'sha512';
  if (asked === null || asked === 'sha256') return 'sha256';
  throw new ProtocolError('DIGEST_INVALID', 'digest-algorithm is neither sha256 nor sha512');
}

function uploadHeaders(session: UploadSession): Record<string, string> {
  return {
    location: `/v2/${session.repository}/blobs/uploads/${session.id}`,
    range: `0-${Math.max(0, session.size - 1)}`,
    'docker-upload-uuid': session.id,
  };
}

function accepted(exchange: Exchange, session: UploadSession, status: 202 | 204): void {
  answer(exchange, status, uploadHeaders(session));
}

function blobCreated(exchange: Exchange, repository: string, digest: Digest): void {
  answer(exchange, 201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest });
}
