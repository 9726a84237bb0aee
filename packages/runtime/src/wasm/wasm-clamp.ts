import { MalformedModule } from './byte-reader.ts';
import type { WasmFacts, WasmLimits } from './wasm-binary.ts';

/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65_536;

/** Pages of the 4 GiB that a 32-bit memory can have. */
export const MOST_PAGES = 65_536;

/** What a module may use. */
export interface WasmAllowance {
  readonly memoryPages: number;
  readonly tableElements: number;
}

/** A module asks for more at its start than it may ever have. */
export class TooMuchMemory extends Error {}

/**
 * Rewrites the memory and table sections so that the engine itself refuses to grow beyond the allowance: a module's
 * own limits are its author's choice, and resource limits of a thread do not cover WebAssembly memory.
 * Returns the same bytes when nothing has to change. Throws {@link TooMuchMemory}, and {@link MalformedModule} for more
 * than one memory.
 */
export function clampModule(
  bytes: Uint8Array<ArrayBuffer>,
  facts: WasmFacts,
  allowance: WasmAllowance,
): Uint8Array<ArrayBuffer> {
  if (facts.memories.length > 1) throw new MalformedModule('it has more than one memory');
  const pages = facts.memories.reduce((sum, { minimum }) => sum + minimum, 0);
  if (pages > allowance.memoryPages) {
    throw new TooMuchMemory(
      `starts with ${pages * PAGE_BYTES} bytes of memory, granted are ${allowance.memoryPages * PAGE_BYTES}`,
    );
  }
  const elements = facts.tables.reduce((sum, { minimum }) => sum + minimum, 0);
  if (elements > allowance.tableElements) {
    throw new TooMuchMemory(`starts with ${elements} table elements, accepted are ${allowance.tableElements}`);
  }
  const share = Math.floor((allowance.tableElements - elements) / Math.max(facts.tables.length, 1));

  const memories = facts.memories.map((limits) => clamped(limits, allowance.memoryPages));
  const tables = facts.tables.map((limits) => clamped(limits, limits.minimum + share));
  const edits = [...tables, ...memories].filter((edit) => edit !== undefined);
  return edits.length === 0 ? bytes : rewrite(bytes, facts, edits);
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly bytes: readonly number[];
}

function clamped(limits: WasmLimits, most: number): Edit | undefined {
  if (limits.maximum !== undefined && limits.maximum <= most) return undefined;
  return { from: limits.from, to: limits.to, bytes: [1, ...leb128(limits.minimum), ...leb128(most)] };
}

function rewrite(bytes: Uint8Array, facts: WasmFacts, edits: readonly Edit[]): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  let copied = 0;
  for (const { id, start, content, end } of facts.sections) {
    const inside = edits.filter(({ from }) => from >= content && from < end);
    if (inside.length === 0) continue;
    const body: Uint8Array[] = [];
    let position = content;
    for (const edit of inside) {
      body.push(bytes.subarray(position, edit.from), Uint8Array.from(edit.bytes));
      position = edit.to;
    }
    body.push(bytes.subarray(position, end));
    const size = body.reduce((sum, piece) => sum + piece.length, 0);
    pieces.push(bytes.subarray(copied, start), Uint8Array.from([id, ...leb128(size)]), ...body);
    copied = end;
  }
  pieces.push(bytes.subarray(copied));
  // A buffer of its own, never a slice of Node's pool: it is transferred to a thread.
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}

function leb128(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}
