import type { Descriptor } from '../descriptor.ts';
import { type GantryError, isGantryError } from '../errors.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { verifiedStream } from '../verified-stream.ts';
import { streamBlob, type Transfer } from './blob-stream.ts';
import { contentName, type Endpoint } from './endpoint.ts';
import { passOver, reachable } from './mirrors.ts';

type Bytes = AsyncGenerator<Uint8Array, void, undefined>;

/**
 * Makes a reader of blobs that asks endpoints in order and verifies what they give.
 *
 * A blob of at most `mirrorHeldBytes` is held until a mirror's bytes are verified, so wrong ones are never seen. A larger one
 * streams: when a mirror fails on the way, the next endpoint goes on from the same byte; when the whole turns out to be wrong,
 * the mirrors that took part are asked no more by this reader and the mismatch is thrown as retryable.
 */
export function blobSource(endpoints: readonly Endpoint[]): (what: Descriptor, op?: Op) => Bytes {
  const distrusted = new Set<Endpoint>();

  async function* open(what: Descriptor, op?: Op): Bytes {
    const hold = what.size <= ociLimits(op, 'mirrorHeldBytes');
    const asked: Endpoint[] = [];
    const usable = reachable(endpoints).filter((at) => !distrusted.has(at));
    try {
      if (hold) yield* held(usable, what, op);
      else yield* verifiedStream(what, followed(usable, asked, { what, done: 0 }, op), op);
    } catch (error) {
      const mirrors = asked.filter((at) => at.mirror);
      if (mirrors.length === 0 || !isMismatch(error)) throw error;
      for (const mirror of mirrors) {
        distrusted.add(mirror);
        passOver(mirror, error, op);
      }
      throw ociError('CONTENT_DIGEST_MISMATCH', `a mirror gave wrong bytes: ${error.message}`, {
        cause: error,
        details: error.details,
        retryable: true,
        hint: 'try again: the mirror is not asked a second time',
      });
    }
  }
  return open;
}

/** Verifies what a mirror gives before any of it is passed on; the last endpoint, the registry itself, is streamed. */
async function* held(endpoints: readonly Endpoint[], what: Descriptor, op: Op | undefined): Bytes {
  for (const at of endpoints) {
    const verified = verifiedStream(what, streamBlob(at, { what, done: 0 }, op), op, contentName(at, what.digest));
    if (!at.mirror) {
      yield* verified;
      return;
    }
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of verified) chunks.push(chunk);
      yield* chunks;
      return;
    } catch (error) {
      passOver(at, error, op);
    }
  }
}

/**
 * The bytes from the first endpoint that gives them; each one that fails is followed by the next from the same byte. Whoever
 * gave some of them is noted in `asked`.
 */
async function* followed(
  endpoints: readonly Endpoint[],
  asked: Endpoint[],
  transfer: Transfer,
  op: Op | undefined,
): Bytes {
  for (const at of endpoints) {
    try {
      for await (const chunk of streamBlob(at, transfer, op)) {
        if (asked.at(-1) !== at) asked.push(at);
        yield chunk;
      }
      return;
    } catch (error) {
      passOver(at, error, op);
    }
  }
}

function isMismatch(error: unknown): error is GantryError {
  return isGantryError(error) && ['CONTENT_DIGEST_MISMATCH', 'CONTENT_SIZE_MISMATCH'].includes(error.code);
}
