import type { FileClass, ReadAt } from './magic.ts';

const FAT = 0xcafebabe;
const THIN: ReadonlySet<number> = new Set([0xfeedface, 0xfeedfacf]);
const MH_EXECUTE = 2;
const LIBRARY_TYPES: ReadonlySet<number> = new Set([6, 8]);

/** Class files of Java begin like fat files; their version stands where these count architectures, and is larger. */
const MAX_ARCHITECTURES = 20;

/** Mach-O, thin or fat (loader.h, fat.h); undefined when it is neither. A fat file is what its first part is. */
export function machClass(head: Uint8Array, readAt: ReadAt): FileClass | undefined {
  const own = thinClass(head);
  if (own !== undefined || head.length < 28) return own;
  const view = viewOf(head);
  if (view.getUint32(0) !== FAT) return undefined;
  const count = view.getUint32(4);
  if (count === 0 || count > MAX_ARCHITECTURES) return undefined;
  return thinClass(readAt(view.getUint32(16), 28));
}

function thinClass(header: Uint8Array): FileClass | undefined {
  if (header.length < 28) return undefined;
  const view = viewOf(header);
  const little = THIN.has(view.getUint32(0, true));
  if (!little && !THIN.has(view.getUint32(0, false))) return undefined;
  const type = view.getUint32(12, little);
  if (type === MH_EXECUTE) return 'executable';
  return LIBRARY_TYPES.has(type) ? 'library' : 'other';
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
