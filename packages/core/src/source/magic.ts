import { elfClass } from './magic-elf.ts';
import { machClass } from './magic-mach.ts';

/** What the bytes of a file say that it is. */
export type FileClass = 'executable' | 'library' | 'wasm' | 'gzip' | 'zstd' | 'zip' | 'html' | 'empty' | 'other';

/** Random access to a file: up to `length` bytes at `position`, fewer only at its end. */
export type ReadAt = (position: number, length: number) => Uint8Array;

/** How many bytes {@link classifyHead} looks at. */
export const HEAD_BYTES = 512;

/**
 * Tells from the bytes what a file is: ELF with an interpreter or marked as position independent executable is an
 * executable and any other shared object a library; Mach-O and PE say it themselves; `#!` is an executable. Reads a few
 * bounded pieces and believes no offset further than the file goes. Throws only what `readAt` throws.
 */
export function classifyFile(readAt: ReadAt): FileClass {
  const head = readAt(0, HEAD_BYTES);
  if (startsWith(head, 0x7f, 0x45, 0x4c, 0x46)) return elfClass(readAt);
  if (startsWith(head, 0x4d, 0x5a)) return peClass(head, readAt);
  return machClass(head, readAt) ?? classifyHead(head);
}

/** As {@link classifyFile}, from the first {@link HEAD_BYTES} bytes alone: native files of any sort are `executable`. */
export function classifyHead(head: Uint8Array): FileClass {
  if (head.length === 0) return 'empty';
  if (startsWith(head, 0x00, 0x61, 0x73, 0x6d)) return 'wasm';
  if (startsWith(head, 0x1f, 0x8b)) return 'gzip';
  if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (startsWith(head, 0x50, 0x4b, 0x03, 0x04)) return 'zip';
  if (startsWith(head, 0x23, 0x21) || isNative(head)) return 'executable';
  return isHtml(head) ? 'html' : 'other';
}

function isNative(head: Uint8Array): boolean {
  if (startsWith(head, 0x7f, 0x45, 0x4c, 0x46)) return true;
  if (startsWith(head, 0x4d, 0x5a)) return head.length >= 64;
  return machClass(head, (position, length) => head.subarray(position, position + length)) !== undefined;
}

function isHtml(head: Uint8Array): boolean {
  const text = new TextDecoder('latin1')
    .decode(head)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
  return /^<(?:!doctype\s+html|html|head|body|script|title)[\s>]/.test(text);
}

/** A DOS header whose offset at 0x3c leads to `PE\0\0`; the characteristics have a bit for libraries. */
function peClass(head: Uint8Array, readAt: ReadAt): FileClass {
  if (head.length < 64) return 'other';
  const offset = new DataView(head.buffer, head.byteOffset, head.length).getUint32(0x3c, true);
  const header = readAt(offset, 24);
  if (header.length < 24 || !startsWith(header, 0x50, 0x45, 0x00, 0x00)) return 'other';
  const characteristics = new DataView(header.buffer, header.byteOffset, header.length).getUint16(22, true);
  if ((characteristics & 0x2000) !== 0) return 'library';
  return (characteristics & 0x0002) !== 0 ? 'executable' : 'other';
}

function startsWith(bytes: Uint8Array, ...magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
