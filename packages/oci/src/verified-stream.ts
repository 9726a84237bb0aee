import type { ContentSource } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import { createHasher, type Digest, digestAlgorithm, digestOf } from './digest.ts';
import type { GantryError } from './errors.ts';
import { ociError } from './oci-errors.ts';
import { type OciLimitName, ociLimits } from './oci-limits.ts';
import type { Op } from './op.ts';

/**
 * Passes bytes on while it checks them against a descriptor. The piece that completes the content is held back until the
 * input has ended and the digest is right, so that nobody who stops reading after `size` bytes has unverified ones (B1).
 * Throws `CONTENT_SIZE_MISMATCH` as soon as there are too many bytes, or at the end when there are too few,
 * `CONTENT_DIGEST_MISMATCH`, `CONTENT_LIMIT` before the first byte when the descriptor exceeds `blobBytes`, and the signal's
 * reason. Allocates nothing by the descriptor's size. `from` names the place in messages.
 */
export async function* verifiedStream(
  what: Descriptor,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  op?: Op,
  from?: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  checkSize(what, 'blobBytes', op);
  op?.signal?.throwIfAborted();
  const hasher = createHasher(digestAlgorithm(what.digest));
  let done = 0;
  let last: Uint8Array | undefined;
  for await (const chunk of content) {
    op?.signal?.throwIfAborted();
    if (chunk.length === 0) continue;
    done += chunk.length;
    if (done > what.size) throw sizeMismatch(what, `at least ${done}`, from);
    hasher.update(chunk);
    if (done === what.size) last = chunk;
    else yield chunk;
  }
  op?.signal?.throwIfAborted();
  if (done !== what.size) throw sizeMismatch(what, String(done), from);
  const found = hasher.digest();
  if (found !== what.digest) throw digestMismatch(what, found, from);
  if (last !== undefined) yield last;
  op?.signal?.throwIfAborted();
}

/**
 * Reads a small document whole: a manifest, a signature. An embedded `data` is used without asking the source.
 * The bytes are verified here too, whatever the source did. Throws `CONTENT_LIMIT` when the descriptor exceeds the limit.
 */
export async function readAll(
  source: ContentSource,
  what: Descriptor,
  op?: Op,
  limitName: OciLimitName = 'manifestBytes',
): Promise<Uint8Array> {
  checkSize(what, limitName, op);
  const content = what.data === undefined ? source.open(what, op) : [what.data];
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifiedStream(what, content, op)) chunks.push(chunk);
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/** Throws what {@link verifiedStream} throws when bytes in memory are not those of the descriptor. */
export function verifyBytes(what: Descriptor, bytes: Uint8Array, from?: string): void {
  if (bytes.length !== what.size) throw sizeMismatch(what, String(bytes.length), from);
  const found = digestOf(bytes, digestAlgorithm(what.digest));
  if (found !== what.digest) throw digestMismatch(what, found, from);
}

function checkSize(what: Descriptor, limitName: OciLimitName, op: Op | undefined): void {
  const limit = ociLimits(op, limitName);
  if (what.size <= limit) return;
  throw ociError('CONTENT_LIMIT', `${what.digest} has ${what.size} bytes, more than ${limit} (${limitName})`, {
    details: { digest: what.digest, limit: limitName, expected: limit, found: what.size },
  });
}

function digestMismatch(what: Descriptor, found: Digest, from: string | undefined): GantryError {
  return ociError('CONTENT_DIGEST_MISMATCH', `expected ${what.digest}${place(from)}, found ${found}`, {
    details: { expected: what.digest, found, size: what.size, ...(from === undefined ? {} : { from }) },
  });
}

function sizeMismatch(what: Descriptor, found: string, from: string | undefined): GantryError {
  return ociError(
    'CONTENT_SIZE_MISMATCH',
    `expected ${what.size} bytes of ${what.digest}${place(from)}, found ${found}`,
    { details: { digest: what.digest, expected: what.size, found, ...(from === undefined ? {} : { from }) } },
  );
}

function place(from: string | undefined): string {
  return from === undefined ? '' : ` from ${from}`;
}
