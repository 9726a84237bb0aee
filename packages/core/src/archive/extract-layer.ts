import { createHash } from 'node:crypto';
import { type Descriptor, digestAlgorithm, isGantryError, type Op, ociError } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import type { FileSystem } from '../files/file-system.ts';
import { limitFault, stagingFault } from './archive-fault.ts';
import { type ArchiveProfile, archiveRules } from './archive-profile.ts';
import { archiveCompression, type Compression, checkMagic } from './compression.ts';
import { formatProblem, inflateStream, isInflateError } from './inflate-stream.ts';
import type { LayerListing } from './layer-listing.ts';
import { createLayerReader } from './layer-reader.ts';
import type { Selection } from './selection.ts';
import { createTreeWriter, publishedModes } from './tree-writer.ts';

const CHUNK = 256 * 1024;
/** One is read while another is inflated. */
const BUFFERS = 2;

/** One layer to extract; plain data that crosses threads. */
export interface LayerJob {
  readonly layer: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  /** Descriptor of the file with the compressed bytes. */
  readonly fd: number;
  /** A fresh private directory. */
  readonly directory: string;
  readonly profile: ArchiveProfile;
  readonly groupWritable: boolean;
  readonly selection: Selection | undefined;
}

/** How much of the file is there. */
export interface Growth {
  readonly available: number;
  /** Fulfilled when more is there; never, when the writer failed: then the extraction is given up from outside. */
  more(): Promise<void>;
}

/**
 * Inflates, checks and writes one layer while hashing what it reads. The listing is returned only when digest and size
 * were right; everything before that is in a private directory that is thrown away on error.
 * Throws `ARCHIVE_*`, `CONTENT_*`, `STORE_FULL`, `INSTALL_IO`. `report` gets the compressed bytes done.
 */
export async function extractLayer(
  job: LayerJob,
  growth: Growth,
  fileSystem: FileSystem,
  op: Op | undefined,
  report: (done: number) => void,
): Promise<LayerListing> {
  const { layer } = job;
  const compression = archiveCompression(layer.mediaType);
  if (compression === undefined) {
    throw ociError('CONTENT_TYPE_MISMATCH', `${layer.digest} is not an archive by its media type ${layer.mediaType}`, {
      details: { digest: layer.digest, mediaType: layer.mediaType },
    });
  }
  const input = hashedInput(job, growth, fileSystem, op, report);
  const writer = createTreeWriter(fileSystem, job.directory, publishedModes(job.groupWritable));
  const reader = createLayerReader(archiveRules(job.profile, job.groupWritable, job.selection), writer, op);
  let inflated = 0;
  const total = coreLimits(op, 'archiveTotalBytes');
  const ratio = coreLimits(op, 'archiveRatio');
  const floor = coreLimits(op, 'archiveRatioFloor');
  const take = (chunk: Buffer, consumed: number): void => {
    inflated += chunk.length;
    if (inflated > total) throw limitFault('archiveTotalBytes', total, inflated);
    if (inflated > floor && inflated > consumed * ratio) throw limitFault('archiveRatio', ratio, inflated / consumed);
    reader.push(chunk);
  };
  try {
    await inflate(layer, compression, input.chunks(), take, op);
    reader.finish();
    input.check();
    return { entries: reader.entries, inflated };
  } catch (error) {
    // Damaged bytes make all kinds of errors; what they are a sign of is the digest. Nothing more is downloaded for that.
    if (isContentProblem(error) && growth.available >= layer.size) await input.rest();
    throw stagingFault(formatProblem(error, op));
  } finally {
    writer.close();
  }
}

async function inflate(
  layer: LayerJob['layer'],
  compression: Compression,
  chunks: AsyncGenerator<Buffer>,
  take: (chunk: Buffer, consumed: number) => void,
  op: Op | undefined,
): Promise<void> {
  const checked = beginning(chunks, (head) => checkMagic(layer.mediaType, compression, head));
  if (compression === 'none') for await (const chunk of checked) take(chunk, layer.size);
  else await inflateStream(compression, checked, take, op);
}

async function* beginning(chunks: AsyncGenerator<Buffer>, check: (head: Buffer) => void): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of chunks) {
    if (first) check(chunk);
    first = false;
    yield chunk;
  }
  if (first) check(Buffer.alloc(0));
}

interface HashedInput {
  /** A chunk stays as it is until another one was taken and the next asked for. */
  chunks(): AsyncGenerator<Buffer>;
  /** Throws `CONTENT_DIGEST_MISMATCH` unless everything was read and has the digest. */
  check(): void;
  /** Reads and hashes what was not read yet, then checks. */
  rest(): Promise<void>;
}

function hashedInput(
  job: LayerJob,
  growth: Growth,
  fileSystem: FileSystem,
  op: Op | undefined,
  report: (done: number) => void,
): HashedInput {
  const { digest, size } = job.layer;
  const algorithm = digestAlgorithm(digest);
  const hasher = createHash(algorithm);
  const buffers: Buffer[] = [];
  let position = 0;
  let turn = 0;
  const next = async (): Promise<Buffer | undefined> => {
    op?.signal?.throwIfAborted();
    const wanted = Math.min(CHUNK, size - position);
    if (wanted === 0) return undefined;
    while (growth.available - position < wanted) await growth.more();
    turn = (turn + 1) % BUFFERS;
    buffers[turn] ??= Buffer.allocUnsafe(Math.min(CHUNK, size));
    const buffer = buffers[turn]?.subarray(0, wanted) ?? Buffer.alloc(0);
    const count = fileSystem.read(job.fd, buffer, position);
    if (count === 0) return undefined;
    const chunk = buffer.subarray(0, count);
    position += count;
    hasher.update(chunk);
    report(position);
    return chunk;
  };
  const check = (): void => {
    const found = `${algorithm}:${hasher.digest('hex')}`;
    if (position === size && found === digest) return;
    throw ociError('CONTENT_DIGEST_MISMATCH', `expected ${digest} in the store, found ${found}`, {
      details: { expected: digest, found, size },
    });
  };
  return {
    chunks: async function* () {
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
    },
    check,
    rest: async () => {
      while ((await next()) !== undefined);
      check();
    },
  };
}

/** Whether other bytes could have caused it. */
function isContentProblem(error: unknown): boolean {
  if (isGantryError(error)) return error.code.startsWith('ARCHIVE_') || error.code === 'CONTENT_TYPE_MISMATCH';
  return isInflateError(error);
}
