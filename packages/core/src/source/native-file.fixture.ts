/** Native files that are just headers: enough to be recognised, nothing to run. */

interface ElfOptions {
  readonly type: number;
  readonly segments?: readonly ('interp' | 'dynamic')[];
  readonly pie?: boolean;
  readonly bits?: 32 | 64;
  readonly little?: boolean;
  /** Where the header says the program headers are; default: where they are. */
  readonly tableAt?: number;
}

/** An ELF file: header, program headers, one dynamic section. */
export function elf(options: ElfOptions): Uint8Array {
  const { type, segments = [], pie = false, bits = 64, little = true } = options;
  const wide = bits === 64;
  const headerSize = wide ? 64 : 52;
  const entrySize = wide ? 56 : 32;
  const word = wide ? 8 : 4;
  const dynamicAt = headerSize + segments.length * entrySize;
  const bytes = new Uint8Array(dynamicAt + 6 * word);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: bigint): void =>
    wide ? view.setBigUint64(at, value, little) : view.setUint32(at, Number(value), little);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
  view.setUint16(16, type, little);
  put(wide ? 32 : 28, BigInt(options.tableAt ?? headerSize));
  view.setUint16(wide ? 54 : 42, entrySize, little);
  view.setUint16(wide ? 56 : 44, segments.length, little);
  segments.forEach((segment, index) => {
    const at = headerSize + index * entrySize;
    view.setUint32(at, segment === 'interp' ? 3 : 2, little);
    put(at + (wide ? 8 : 4), BigInt(dynamicAt));
    put(at + (wide ? 32 : 16), BigInt(6 * word));
  });
  // Some entry, DT_FLAGS_1, and the end.
  put(dynamicAt, 1n);
  put(dynamicAt + 2 * word, 0x6ffffffbn);
  put(dynamicAt + 3 * word, pie ? 0x08000001n : 1n);
  return bytes;
}

/** A thin little-endian 64 bit Mach-O header of a file type. */
export function thinMach(type: number): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xfeedfacf, true);
  view.setUint32(12, type, true);
  return bytes;
}

/** A fat Mach-O file with one architecture. */
export function fatMach(type: number): Uint8Array {
  const thin = thinMach(type);
  const bytes = new Uint8Array(64 + thin.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xcafebabe);
  view.setUint32(4, 1);
  view.setUint32(16, 64);
  bytes.set(thin, 64);
  return bytes;
}

/** A PE file with these characteristics. */
export function pe(characteristics: number): Uint8Array {
  const bytes = new Uint8Array(128);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4d, 0x5a]);
  view.setUint32(0x3c, 64, true);
  bytes.set([0x50, 0x45, 0, 0], 64);
  view.setUint16(64 + 22, characteristics, true);
  return bytes;
}
