const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** What is wrong with a module, and at which byte. */
export class MalformedModule extends Error {}

/** Reads the primitives of the WebAssembly binary format, within bounds. Throws {@link MalformedModule}. */
export interface ByteReader {
  readonly position: number;
  readonly atEnd: boolean;
  byte(): number;
  /** An unsigned LEB128 of at most 32 bits (Core Specification 5.2.2). */
  u32(): number;
  /** A signed LEB128 of at most 33 bits, skipped: heap types. */
  skipS33(): void;
  name(): string;
  skip(length: number): void;
  /** A reader over the next `length` bytes, which are skipped here. Positions stay those of the file. */
  section(length: number): ByteReader;
}

/** A reader over `bytes[start..end)`. */
export function readBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): ByteReader {
  let position = start;
  const malformed = (problem: string): MalformedModule => new MalformedModule(`${problem} at byte ${position}`);
  const take = (length: number): number => {
    if (length > end - position) throw malformed('unexpected end');
    position += length;
    return position - length;
  };
  const byte = (): number => bytes[take(1)] ?? 0;
  const leb = (longest: number): number => {
    let value = 0;
    for (let index = 0; index < longest; index++) {
      const next = byte();
      value += (next & 0x7f) * 2 ** (7 * index);
      if (next < 0x80) return value;
    }
    throw malformed('a number is too long');
  };
  const u32 = (): number => {
    const value = leb(5);
    if (value > 0xffffffff) throw malformed('a number is too large');
    return value;
  };
  return {
    get position() {
      return position;
    },
    get atEnd() {
      return position === end;
    },
    byte,
    u32,
    skipS33: () => void leb(5),
    skip: (length) => void take(length),
    name() {
      const length = u32();
      const from = take(length);
      try {
        return UTF8.decode(bytes.subarray(from, from + length));
      } catch {
        throw malformed('a name is not UTF-8');
      }
    },
    section(length) {
      const from = take(length);
      return readBytes(bytes, from, from + length);
    },
  };
}
