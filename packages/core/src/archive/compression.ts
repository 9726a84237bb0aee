import { ociError } from '@gantry/oci';
import { hasTarMagic } from './tar-header.ts';

/** How an archive is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

const BY_MEDIA_TYPE: Readonly<Record<string, Compression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.oci.image.layer.nondistributable.v1.tar': 'none',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
  'application/x-tar': 'none',
  'application/tar': 'none',
  'application/tar+gzip': 'gzip',
  'application/tar+zstd': 'zstd',
};

/** How content of a media type is compressed; undefined when the type names no archive. Parameters are ignored. */
export function archiveCompression(mediaType: string): Compression | undefined {
  const type = (mediaType.split(';', 1)[0] ?? '').trim().toLowerCase();
  const known = Object.hasOwn(BY_MEDIA_TYPE, type) ? BY_MEDIA_TYPE[type] : undefined;
  if (known !== undefined) return known;
  if (/^application\/vnd\.[^+]+\.tar\+gzip$/.test(type)) return 'gzip';
  if (/^application\/vnd\.[^+]+\.tar\+zstd$/.test(type)) return 'zstd';
  return undefined;
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
