import { type ByteReader, MalformedModule, readBytes } from './byte-reader.ts';
import { readTypes, type Signature, skipReferenceType } from './wasm-types.ts';

/** What a module imports. */
export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
}

/** What a module exports; `signature` of functions. */
export interface WasmExport {
  readonly name: string;
  readonly kind: WasmImport['kind'];
  readonly signature: Signature | undefined;
}

/** Limits of a memory in pages of 64 KiB, or of a table in elements. */
export interface WasmLimits {
  readonly minimum: number;
  readonly maximum: number | undefined;
  /** Where the flags and the numbers stand in the file. */
  readonly from: number;
  readonly to: number;
}

/** Where a section stands in the file: its id byte, its content, its end. */
export interface WasmSection {
  readonly id: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/** What can be told about a module from its bytes, without compiling it. */
export interface WasmFacts {
  readonly sections: readonly WasmSection[];
  readonly imports: readonly WasmImport[];
  readonly exports: readonly WasmExport[];
  readonly memories: readonly WasmLimits[];
  readonly tables: readonly WasmLimits[];
}

const KINDS: readonly WasmImport['kind'][] = ['function', 'table', 'memory', 'global', 'tag'];
const COUNTED: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 7]);
/** The order that sections must have (Core Specification 5.5.2); id 0, custom, may stand anywhere. */
const ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/**
 * Reads the header and the sections that decide what a module may get: types, imports, functions, tables, memories,
 * exports (WebAssembly Core Specification 3.0, chapter 5). Everything else is left to the engine, which validates the
 * whole module. Throws {@link MalformedModule}, also for more than `entries` entries in one of those sections.
 */
export function readModule(bytes: Uint8Array, entries: number): WasmFacts {
  const reader = readBytes(bytes);
  readHeader(bytes, reader);

  const sections: WasmSection[] = [];
  const imports: WasmImport[] = [];
  const exports: Omit<WasmExport, 'signature'>[] = [];
  const exportedFunctions: (number | undefined)[] = [];
  const memories: WasmLimits[] = [];
  const tables: WasmLimits[] = [];
  const functions: number[] = [];
  let types: readonly (Signature | undefined)[] = [];
  let last = -1;

  while (!reader.atEnd) {
    const start = reader.position;
    const id = reader.byte();
    const length = reader.u32();
    const content = reader.position;
    const section = reader.section(length);
    sections.push({ id, start, content, end: content + length });
    if (id === 0) continue;
    const place = ORDER.indexOf(id);
    if (place <= last) throw new MalformedModule(`section ${id} is unknown or out of order at byte ${start}`);
    last = place;

    // Every section read here begins with its number of entries, which decides what is allocated.
    if (COUNTED.has(id) && readBytes(bytes, content, content + length).u32() > entries) {
      throw new MalformedModule(`section ${id} has more than ${entries} entries`);
    }
    if (id === 1) types = readTypes(section);
    else if (id === 2) readImports(section, imports, functions);
    else if (id === 3) repeat(section, () => functions.push(section.u32()));
    else if (id === 4) repeat(section, () => tables.push(readTable(section)));
    else if (id === 5) repeat(section, () => memories.push(readLimits(section)));
    else if (id === 7) {
      repeat(section, () => {
        const name = section.name();
        const kind = kindOf(section);
        const index = section.u32();
        exports.push({ name, kind });
        exportedFunctions.push(kind === 'function' ? index : undefined);
      });
    } else continue;
    if (!section.atEnd) throw new MalformedModule(`section ${id} is longer than its content`);
  }

  const signatureOf = (index: number | undefined): Signature | undefined =>
    index === undefined ? undefined : types[functions[index] ?? -1];
  return {
    sections,
    imports,
    exports: exports.map((entry, index) => ({ ...entry, signature: signatureOf(exportedFunctions[index]) })),
    memories,
    tables,
  };
}

function readHeader(bytes: Uint8Array, reader: ByteReader): void {
  const header = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  if (!header.startsWith('0061736d')) throw new MalformedModule('it does not begin as WebAssembly does');
  if (header.slice(12) === '0100') throw new MalformedModule('it is a component, and only core modules can be run');
  if (header.slice(8) !== '01000000') throw new MalformedModule('it has another version than 1');
  reader.skip(8);
}

function repeat(section: ByteReader, read: () => void): void {
  for (let count = section.u32(); count > 0; count--) read();
}

function readImports(section: ByteReader, imports: WasmImport[], functions: number[]): void {
  repeat(section, () => {
    const module = section.name();
    const name = section.name();
    const kind = kindOf(section);
    imports.push({ module, name, kind });
    if (kind === 'function') functions.push(section.u32());
    else if (kind === 'table') readTable(section);
    else if (kind === 'memory') readLimits(section);
    else if (kind === 'tag') {
      section.skip(1);
      section.u32();
    } else {
      skipReferenceType(section);
      section.skip(1);
    }
  });
}

function kindOf(section: ByteReader): WasmImport['kind'] {
  const kind = KINDS[section.byte()];
  if (kind === undefined) throw new MalformedModule(`an unknown kind of import or export at byte ${section.position}`);
  return kind;
}

function readTable(section: ByteReader): WasmLimits {
  const at = section.position;
  if (skipReferenceType(section) === 0x40) {
    throw new MalformedModule(`a table with an initial value, which is not accepted, at byte ${at}`);
  }
  return readLimits(section);
}

/** Only 32-bit limits that are not shared: the clamp relies on knowing every form it lets pass. */
function readLimits(section: ByteReader): WasmLimits {
  const from = section.position;
  const flags = section.byte();
  if (flags > 1) {
    throw new MalformedModule(`a shared or 64-bit memory or table, which is not accepted, at byte ${from}`);
  }
  const minimum = section.u32();
  const maximum = flags === 1 ? section.u32() : undefined;
  return { minimum, maximum, from, to: section.position };
}
