import { formatFault } from './archive-fault.ts';
import { decodeText } from './tar-header.ts';

/** What extension headers say about the entry behind them. */
export interface TarExtension {
  path?: string;
  linkPath?: string;
  /** Must be what the entry's own header says: a second size is how readers are made to disagree. */
  size?: number;
}

/**
 * Reads PAX records (POSIX.1-2001: `LENGTH KEY=VALUE\n`). Names are kept, owners, times and attributes dropped;
 * anything that changes how content is laid out is refused. Throws `ARCHIVE_INVALID`.
 */
export function readPaxRecords(bytes: Buffer): TarExtension {
  const extension: TarExtension = {};
  forEachRecord(bytes, (key, value) => {
    if (key === 'path') extension.path = once(extension.path, text(value, key), key);
    else if (key === 'linkpath') extension.linkPath = once(extension.linkPath, text(value, key), key);
    else if (key === 'size') extension.size = once(extension.size, decimal(value), key);
    else if (key === 'hdrcharset' && value.toString('latin1') !== 'ISO-IR 10646 2000 UTF-8') {
      throw formatFault('a PAX header uses another character set than UTF-8');
    } else if (key.startsWith('GNU.') || key === 'SCHILY.realsize') {
      throw formatFault('sparse files and GNU extensions in PAX headers are not accepted');
    }
  });
  return extension;
}

/** A global header may hold a comment (git writes its commit) and nothing that applies to entries. */
export function checkGlobalHeader(bytes: Buffer): void {
  forEachRecord(bytes, (key) => {
    if (key !== 'comment') throw formatFault('a global PAX header other than a comment is not accepted');
  });
}

/** Reads a GNU long name: one text, ended by NULs. */
export function readLongName(bytes: Buffer): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return text(bytes.subarray(0, end), 'long name');
}

function forEachRecord(bytes: Buffer, visit: (key: string, value: Buffer) => void): void {
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 || space - at > 9 ? '' : bytes.toString('latin1', at, space);
    if (!/^[1-9][0-9]*$/.test(digits)) throw formatFault('a PAX record has no valid length');
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space);
    if (end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end || equals === space + 1) {
      throw formatFault('a PAX record is malformed');
    }
    visit(decodeText(bytes.subarray(space + 1, equals), 'PAX key'), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
}

function text(value: Buffer, field: string): string {
  if (value.length === 0) throw formatFault(`a ${field} is empty`);
  if (value.includes(0)) throw formatFault(`a ${field} holds a NUL`);
  return decodeText(value, field);
}

function decimal(value: Buffer): number {
  const digits = value.toString('latin1');
  const size = /^[0-9]{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw formatFault('a size in a PAX header is not a number');
  return size;
}

function once<T>(before: T | undefined, value: T, key: string): T {
  if (before !== undefined) throw formatFault(`a PAX header gives ${key} twice`);
  return value;
}
