import { ociError } from '@gantry/oci';
import { hasTarMagic } from './tar-header.ts';

/** How an archive is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** OCI and Docker layers, plain archives, and vendor types of the same form. */
const ARCHIVE_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]+\.)?(?:x-)?tar(?:[+.](gzip|zstd))?$/;

/** How content of a media type is compressed; undefined when the type names no archive. Parameters are ignored. */
export function archiveCompression(mediaType: string): Compression | undefined {
  const match = ARCHIVE_TYPE.exec((mediaType.split(';', 1)[0] ?? '').trim().toLowerCase());
  if (match === null) return undefined;
  return match[1] === 'gzip' ? 'gzip' : match[1] === 'zstd' ? 'zstd' : 'none';
}

/** What the first 265 bytes of content are: an archive, compressed or not; undefined for anything else. */
export function sniffCompression(head: Uint8Array): Compression | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (bytes.length >= 4 && bytes.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  if (hasTarMagic(bytes) || (bytes.length > 0 && bytes.every((byte) => byte === 0))) return 'none';
  return undefined;
}

/** Throws `CONTENT_TYPE_MISMATCH` unless the bytes begin as the compression says (D12). */
export function checkMagic(mediaType: string, compression: Compression, head: Uint8Array): void {
  const found = sniffCompression(head);
  if (found === compression) return;
  const what = found === undefined ? 'no archive' : found === 'none' ? 'plain tar' : found;
  throw ociError('CONTENT_TYPE_MISMATCH', `the media type is ${mediaType}, the bytes are ${what}`, {
    details: { mediaType, found: found ?? 'unknown' },
  });
}
