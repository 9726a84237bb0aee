import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { RequestBody } from '../transport/transport.ts';
import { verifiedStream } from '../verified-stream.ts';
import { type Attempts, countAttempts, isRetryable } from './attempts.ts';
import { type ChunkReader, chunkReader } from './chunk-reader.ts';
import { contentName, type Endpoint, endpointUrl } from './endpoint.ts';
import { registryKnowledge } from './registry-knowledge.ts';
import {
  askOffset,
  closeUpload,
  openUpload,
  type StepResult,
  sendChunk,
  type UploadSession,
} from './upload-session.ts';

/** A blob to send; `content` may be called again for another attempt. */
export interface Upload {
  readonly at: Endpoint;
  readonly what: Descriptor;
  readonly content: () => AsyncIterable<Uint8Array>;
  readonly op: Op | undefined;
}

/**
 * Sends a blob: POST and PUT, in one POST, or in chunks, as the registry's settings say. `opened` is an upload that a refused
 * mount left open. What is sent is checked against the descriptor on the way. A failed attempt begins with a new upload,
 * for what a broken PUT left in the old one is not known; a broken chunk goes on from the registry's offset.
 * Throws `CONTENT_DIGEST_MISMATCH`, `REGISTRY_PROTOCOL` for an upload that never ends, and what the transport throws.
 */
export async function uploadBlob(upload: Upload, opened?: UploadSession): Promise<void> {
  const { at, what, op } = upload;
  const mode = at.transport.settings(at.registry).upload ?? 'monolithic';
  const attempts = countAttempts(at.transport.environment, op);
  const url = endpointUrl(at, 'blobs/uploads/');
  const knowledge = registryKnowledge(at.transport);
  let session = opened;
  for (;;) {
    try {
      if (session === undefined) {
        const whole = mode === 'single-post' && knowledge.singlePost(at);
        const answer = await openUpload(at, what, whole ? { body: wholeBody(upload) } : {}, op);
        if (answer === 'stored') return;
        if (whole) knowledge.learnNoSinglePost(at);
        session = answer.session;
      }
      if ((await sendAll(upload, session, mode, attempts)) === 'done') return;
      throw lost(upload);
    } catch (error) {
      await attempts.failed(error, url);
      session = undefined;
    }
  }
}

async function sendAll(
  upload: Upload,
  session: UploadSession,
  mode: 'monolithic' | 'single-post' | 'chunked',
  attempts: Attempts,
): Promise<StepResult> {
  if (mode !== 'chunked') {
    const result = await closeUpload(upload.at, session, upload.what, wholeBody(upload), upload.op);
    if (result !== 'elsewhere') return result;
  }
  const reader = chunkReader(() => checkedContent(upload));
  try {
    return await sendChunks(upload, session, reader, attempts);
  } finally {
    await reader.close();
  }
}

async function sendChunks(
  upload: Upload,
  session: UploadSession,
  reader: ChunkReader,
  attempts: Attempts,
): Promise<StepResult> {
  const { at, what, op } = upload;
  for (;;) {
    const before = session.offset;
    if (before > what.size) throw tooFar(upload, before);
    const result =
      before < what.size
        ? await sendNext(upload, session, reader)
        : await closeUpload(at, session, what, { length: 0, content: () => [] }, op);
    if (result === 'lost' || (result === 'done' && before === what.size)) return result;
    if (session.offset > before) attempts.progressed();
    else await attempts.failed(noProgress(upload, before), session.url);
    progress(upload, Math.min(session.offset, what.size));
  }
}

/** Sends one chunk. After a broken connection the registry is asked how much of it arrived. */
async function sendNext(upload: Upload, session: UploadSession, reader: ChunkReader): Promise<StepResult> {
  const { at, what, op } = upload;
  const left = what.size - session.offset;
  const most = ociLimits(op, 'uploadChunkBytes');
  const wanted = Math.min(left, Math.max(most, session.minimumChunk));
  const from = session.offset;
  // SAFETY: the registry's minimum chooses no allocation; beyond our own chunk the rest is streamed in one piece (I6).
  const body: RequestBody =
    wanted <= most
      ? await reader.read(from, wanted)
      : { length: left, content: () => after(checkedContent(upload), from) };
  try {
    return await sendChunk(at, session, body, op);
  } catch (error) {
    if (!isRetryable(error)) throw error;
    return askOffset(at, session, undefined, op);
  }
}

async function* after(content: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0;
  for await (const chunk of content) {
    const known = Math.min(chunk.length, Math.max(0, offset - position));
    position += chunk.length;
    if (known < chunk.length) yield chunk.subarray(known);
  }
}

function wholeBody(upload: Upload): RequestBody {
  return { length: upload.what.size, content: () => reported(upload) };
}

async function* reported(upload: Upload): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0;
  for await (const chunk of checkedContent(upload)) {
    done += chunk.length;
    progress(upload, done);
    yield chunk;
  }
}

function checkedContent(upload: Upload): AsyncGenerator<Uint8Array, void, undefined> {
  return verifiedStream(upload.what, upload.content(), upload.op);
}

function progress({ what, op }: Upload, done: number): void {
  op?.onEvent?.({ type: 'progress', action: 'push', descriptor: what, done, total: what.size });
}

function lost({ at, what }: Upload): Error {
  return ociError('REGISTRY_PROTOCOL', `${contentName(at, what.digest)}: the registry forgot the upload`, {
    retryable: true,
  });
}

function noProgress({ at, what }: Upload, offset: number): Error {
  const name = contentName(at, what.digest);
  return ociError('REGISTRY_PROTOCOL', `${name}: the upload does not get past byte ${offset} of ${what.size}`, {
    retryable: true,
  });
}

function tooFar({ at, what }: Upload, offset: number): Error {
  const name = contentName(at, what.digest);
  return ociError('REGISTRY_PROTOCOL', `${name}: the registry says it has ${offset} bytes of ${what.size}`);
}
