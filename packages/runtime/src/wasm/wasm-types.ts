import { type ByteReader, MalformedModule } from './byte-reader.ts';

/** A function type: the value types as bytes of the binary format, references as the byte that begins them. */
export interface Signature {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

/** The 32-bit integer type. */
export const I32 = 0x7f;

/**
 * Reads the type section: function types by index, undefined for the other composite types of WebAssembly 3.0.
 * Throws {@link MalformedModule}.
 */
export function readTypes(section: ByteReader): readonly (Signature | undefined)[] {
  const types: (Signature | undefined)[] = [];
  for (let count = section.u32(); count > 0; count--) {
    const form = section.byte();
    if (form === 0x4e) {
      for (let inGroup = section.u32(); inGroup > 0; inGroup--) types.push(readSubType(section, section.byte()));
    } else types.push(readSubType(section, form));
  }
  return types;
}

/** Skips a value or reference type and tells the byte that begins it. */
export function skipReferenceType(section: ByteReader): number {
  const first = section.byte();
  // (ref null ht) and (ref ht) carry a heap type.
  if (first === 0x63 || first === 0x64) section.skipS33();
  return first;
}

function readSubType(section: ByteReader, form: number): Signature | undefined {
  if (form === 0x50 || form === 0x4f) {
    for (let count = section.u32(); count > 0; count--) section.u32();
    return readSubType(section, section.byte());
  }
  if (form === 0x60) return { parameters: readValueTypes(section), results: readValueTypes(section) };
  if (form === 0x5e) skipField(section);
  else if (form === 0x5f) for (let count = section.u32(); count > 0; count--) skipField(section);
  else throw new MalformedModule(`an unknown form of type at byte ${section.position}`);
  return undefined;
}

function readValueTypes(section: ByteReader): number[] {
  const types: number[] = [];
  for (let count = section.u32(); count > 0; count--) types.push(skipReferenceType(section));
  return types;
}

function skipField(section: ByteReader): void {
  skipReferenceType(section);
  section.skip(1);
}
