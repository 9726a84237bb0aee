import type { FileClass, ReadAt } from './magic.ts';

const ET_EXEC = 2;
const ET_DYN = 3;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_FLAGS_1 = 0x6ffffffbn;
const DF_1_PIE = 0x08000000n;

/** More than linkers write; what lies beyond is not looked at. */
const MAX_PROGRAM_HEADERS = 1024;
const MAX_DYNAMIC_BYTES = 256 * 1024;

/** Where the numbers stand in the two word sizes (System V ABI, "Program Header" and "Dynamic Section"). */
interface Words {
  readonly big: boolean;
  readonly little: boolean;
}

/**
 * An executable is `ET_EXEC`, or `ET_DYN` with an interpreter or the PIE mark; another `ET_DYN` is a library. Files that
 * end before what their header promises are `other`.
 */
export function elfClass(readAt: ReadAt): FileClass {
  const header = readAt(0, 64);
  const words: Words = { big: header[4] === 2, little: header[5] === 1 };
  if ((header[4] !== 1 && !words.big) || (header[5] !== 2 && !words.little)) return 'other';
  if (header.length < (words.big ? 64 : 52)) return 'other';
  const view = viewOf(header);
  const type = view.getUint16(16, words.little);
  if (type === ET_EXEC) return 'executable';
  if (type !== ET_DYN) return 'other';

  const tableAt = words.big ? Number(view.getBigUint64(32, words.little)) : view.getUint32(28, words.little);
  const entrySize = view.getUint16(words.big ? 54 : 42, words.little);
  const count = view.getUint16(words.big ? 56 : 44, words.little);
  if (entrySize < (words.big ? 56 : 32) || count > MAX_PROGRAM_HEADERS || !Number.isSafeInteger(tableAt))
    return 'other';
  const table = readAt(tableAt, entrySize * count);
  if (table.length < entrySize * count) return 'other';
  for (let at = 0; at < table.length; at += entrySize) {
    const entry = viewOf(table.subarray(at, at + entrySize));
    const segment = entry.getUint32(0, words.little);
    if (segment === PT_INTERP) return 'executable';
    if (segment === PT_DYNAMIC && hasPieFlag(entry, words, readAt)) return 'executable';
  }
  return 'library';
}

/** A static PIE has no interpreter; only the dynamic section tells it from a library. */
function hasPieFlag(entry: DataView, words: Words, readAt: ReadAt): boolean {
  const offset = words.big ? Number(entry.getBigUint64(8, words.little)) : entry.getUint32(4, words.little);
  const size = words.big ? Number(entry.getBigUint64(32, words.little)) : entry.getUint32(16, words.little);
  if (!Number.isSafeInteger(offset)) return false;
  const section = readAt(offset, Math.min(size, MAX_DYNAMIC_BYTES));
  const view = viewOf(section);
  const width = words.big ? 8 : 4;
  const word = (at: number): bigint =>
    words.big ? view.getBigUint64(at, words.little) : BigInt(view.getUint32(at, words.little));
  for (let at = 0; at + 2 * width <= section.length; at += 2 * width) {
    if (word(at) === DT_FLAGS_1) return (word(at + width) & DF_1_PIE) !== 0n;
  }
  return false;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
