import { isAscii } from 'node:buffer';
import { formatFault } from './archive-fault.ts';

/** Bytes of a header, and what content is padded to (POSIX.1-1988 ustar). */
export const BLOCK = 512;

const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;
const USTAR = Buffer.from('ustar\u000000', 'latin1');
const GNU = Buffer.from('ustar  \u0000', 'latin1');
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The fields of a header that mean something here. Owners, times and devices are read by nobody. */
export interface TarHeader {
  /** The type flag; `'0'` also for the NUL of old archives. */
  readonly type: string;
  /** Bytes of content that follow. */
  readonly size: number;
  readonly ownerExecutes: boolean;
  /** Decoded only on demand: an extension header may replace it. */
  name(): string;
  linkName(): string;
}

/** Whether a block says ustar or GNU tar, which is also how a tar archive is recognised. */
export function hasTarMagic(block: Buffer): boolean {
  return block.length >= 265 && (USTAR.compare(block, 257, 265) === 0 || GNU.compare(block, 257, 265) === 0);
}

/** Reads one header block. Throws `ARCHIVE_INVALID` for anything that two readers could understand differently. */
export function readTarHeader(block: Buffer): TarHeader {
  if (!hasTarMagic(block)) throw formatFault('a header is neither ustar nor GNU tar');
  if (readOctal(block, 148, 8, 'checksum') !== checksum(block)) throw formatFault('a header has a wrong checksum');
  const flag = block[156] ?? 0;
  const ustar = USTAR.compare(block, 257, 265) === 0;
  return {
    type: flag === 0 ? '0' : String.fromCharCode(flag),
    size: readSize(block),
    ownerExecutes: (readOctal(block, 100, 8, 'mode') & 0o100) !== 0,
    name: () => {
      const name = readText(block, 0, 100, 'name');
      const prefix = ustar ? readText(block, 345, 155, 'prefix') : '';
      return prefix === '' ? name : `${prefix}/${name}`;
    },
    linkName: () => readText(block, 157, 100, 'link name'),
  };
}

/** Decodes UTF-8 without repairing it. Throws `ARCHIVE_INVALID`. */
export function decodeText(bytes: Buffer, field: string): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  try {
    return decoder.decode(bytes);
  } catch {
    throw formatFault(`a ${field} is not UTF-8`);
  }
}

/** A field ends at its first NUL, and nothing may hide behind that. */
function readText(block: Buffer, offset: number, length: number, field: string): string {
  let end = offset;
  while (end < offset + length && block[end] !== 0) end += 1;
  for (let rest = end; rest < offset + length; rest += 1) {
    if (block[rest] !== 0) throw formatFault(`a ${field} holds a NUL`);
  }
  return decodeText(block.subarray(offset, end), field);
}

/** Spaces, octal digits, then NULs or spaces. An empty field is 0. */
function readOctal(block: Buffer, offset: number, length: number, field: string): number {
  const end = offset + length;
  let at = offset;
  while (at < end && block[at] === SPACE) at += 1;
  let value = 0;
  for (; at < end; at += 1) {
    const byte = block[at] ?? 0;
    if (byte < ZERO || byte > SEVEN) break;
    value = value * 8 + (byte - ZERO);
  }
  for (; at < end; at += 1) {
    if (block[at] !== 0 && block[at] !== SPACE) throw formatFault(`a ${field} is not octal`);
  }
  return value;
}

/** Octal, or GNU base-256 for sizes from 8 GiB on: positive, and an integer that JavaScript holds exactly. */
function readSize(block: Buffer): number {
  const first = block[124] ?? 0;
  if ((first & 0x80) === 0) return readOctal(block, 124, 12, 'size');
  if (first !== 0x80) throw formatFault('a size is negative or too large');
  let value = 0;
  for (let at = 125; at < 136; at += 1) {
    value = value * 256 + (block[at] ?? 0);
    if (!Number.isSafeInteger(value)) throw formatFault('a size is too large');
  }
  return value;
}

/** Sum of all bytes, those of the checksum itself counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * SPACE;
  for (let at = 0; at < 148; at += 1) sum += block[at] ?? 0;
  for (let at = 156; at < BLOCK; at += 1) sum += block[at] ?? 0;
  return sum;
}
