import { constants, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';

const MiB = 1024 * 1024;

/** The same gzip for the same bytes on one zlib: no time, no name. */
export function gzipped(bytes: Uint8Array): Buffer {
  return gzipSync(bytes);
}

/** A zstd frame. */
export function zstdCompressed(bytes: Uint8Array): Buffer {
  return zstdCompressSync(bytes);
}

/**
 * A zstd frame of one raw block that asks for a window of `2 ** windowLog` bytes (RFC 8878, 3.1.1.1.2), from 10 to 41,
 * whatever the content. At most 128 KiB of content.
 */
export function zstdWithWindow(windowLog: number, content: Uint8Array = Buffer.alloc(1)): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, 0, 0, 0]);
  // Last block, raw: bit 0, type 0 in bits 1 and 2, then the size.
  header.writeUIntLE((content.length << 3) | 1, 6, 3);
  return Buffer.concat([header, content]);
}

/** Pieces of a gzip stream of `head` followed by so many mebibytes of zeros, about 1000 to 1; its checksum is wrong. */
export function* gzipBomb(head: Uint8Array, mebibytes: number): Generator<Buffer> {
  const flushed = { finishFlush: constants.Z_FULL_FLUSH, level: 9 };
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  yield deflateRawSync(head, flushed);
  // After a full flush blocks stand alone: the same one can be repeated.
  const zeros = deflateRawSync(Buffer.alloc(MiB), flushed);
  for (let nth = 0; nth < mebibytes; nth++) yield zeros;
  yield deflateRawSync(Buffer.alloc(0));
  yield Buffer.alloc(8);
}

/** Pieces of a zstd stream of `head` followed by so many mebibytes of zeros, in frames of their own. */
export function* zstdBomb(head: Uint8Array, mebibytes: number): Generator<Buffer> {
  yield zstdCompressSync(head);
  const zeros = zstdCompressSync(Buffer.alloc(MiB));
  for (let nth = 0; nth < mebibytes; nth++) yield zeros;
}
