import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { isGantryError, type Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { errorCode } from '../files/durable.ts';
import { formatFault, limitFault } from './archive-fault.ts';

/** Larger pieces are hardly faster, and the garbage they make is most of the memory that an extraction needs. */
const OUTPUT_CHUNK = 128 * 1024;
/** Several pieces, so that the next one is inflated in the thread pool while this one is written. */
const OUTPUT_AHEAD = 4 * OUTPUT_CHUNK;

/**
 * Inflates gzip (any number of members) or zstd (any number of frames) to its very end. `take` gets the output and how
 * much of the input it came from at most. Throws `ARCHIVE_INVALID` when something else stands behind it, `ARCHIVE_LIMIT`
 * for too many frames, and the errors of `node:zlib`, for {@link formatProblem}.
 */
export async function inflateStream(
  compression: 'gzip' | 'zstd',
  chunks: AsyncGenerator<Buffer>,
  take: (chunk: Buffer, consumed: number) => void,
  op?: Op,
): Promise<void> {
  const limit = coreLimits(op, 'archiveEntries');
  let rest: Buffer | undefined;
  let consumed = 0;
  let frames = 0;
  const next = async (): Promise<Buffer | undefined> => {
    const chunk = rest ?? (await chunks.next()).value;
    rest = undefined;
    return chunk || undefined;
  };
  do {
    frames += 1;
    if (frames > limit) throw limitFault('archiveEntries', limit, frames);
    const inflater = createInflater(compression, op);
    try {
      rest = await inflateOne(inflater, next, (chunk) => take(chunk, consumed + inflater.bytesWritten));
    } finally {
      inflater.destroy();
    }
    consumed += inflater.bytesWritten;
    // Node reads all members of gzip in one go, but stops behind the first frame of zstd.
    if (rest !== undefined && compression === 'gzip')
      throw formatFault('there is something behind the compressed data');
  } while (rest !== undefined);
}

/** Feeds one inflater until it or the input ends. Gives back what it did not want. */
async function inflateOne(
  inflater: Gunzip | ZstdDecompress,
  next: () => Promise<Buffer | undefined>,
  take: (chunk: Buffer) => void,
): Promise<Buffer | undefined> {
  let ended = false;
  const drain = async (): Promise<undefined> => {
    for await (const chunk of inflater) take(chunk);
    ended = true;
  };
  const drained = drain();
  drained.catch(() => {});
  let given = 0;
  for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
    const piece = chunk;
    given += piece.length;
    // It answers no write that it only took a part of; then its output ends.
    await Promise.race([new Promise((resolve) => inflater.write(piece, resolve)), drained]);
    if (inflater.errored || inflater.bytesWritten < given) {
      await drained;
      return piece.subarray(piece.length - (given - inflater.bytesWritten));
    }
    if (ended) return undefined;
  }
  inflater.end();
  await drained;
  return undefined;
}

function createInflater(compression: 'gzip' | 'zstd', op?: Op): Gunzip | ZstdDecompress {
  const options = { chunkSize: OUTPUT_CHUNK, readableHighWaterMark: OUTPUT_AHEAD };
  if (compression === 'gzip') return createGunzip(options);
  const windowLog = Math.floor(Math.log2(coreLimits(op, 'zstdWindowBytes')));
  return createZstdDecompress({ ...options, params: { [constants.ZSTD_d_windowLogMax]: windowLog } });
}

/** Whether an error comes from the inflater, so that the bytes are to blame. */
export function isInflateError(error: unknown): boolean {
  return !isGantryError(error) && /^(?:Z_|ZSTD_|ERR_)/.test(errorCode(error) ?? '');
}

/** Errors of `node:zlib` as `ARCHIVE_INVALID` or `ARCHIVE_LIMIT`; others stay what they are. */
export function formatProblem(error: unknown, op: Op | undefined): unknown {
  if (!isInflateError(error)) return error;
  const code = errorCode(error) ?? '';
  if (/window/i.test(code)) return limitFault('zstdWindowBytes', coreLimits(op, 'zstdWindowBytes'), 'more');
  return formatFault(`the compressed data is damaged or truncated (${code})`);
}
