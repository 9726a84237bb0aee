import type { Origin } from '../config/origin.ts';

/**
 * A YAML value as the Python original's loader (YAML 1.1) reads it, with the place it was written at. Maps keep the order
 * of the file and hold no key that reaches a prototype; a key that is no string has been made one, as Python's JSON does
 * (`true`, `null`, `1.0`). Values that the file names twice, by an alias, are one object.
 */
export type YamlValue =
  | { readonly type: 'map'; readonly entries: ReadonlyMap<string, YamlEntry>; readonly origin: Origin }
  | { readonly type: 'list'; readonly items: readonly YamlValue[]; readonly origin: Origin }
  | YamlScalar;

/** A scalar. Floats and integers differ, because Python's JSON and YAML write them differently; integers may be large. */
export type YamlScalar = { readonly origin: Origin } & (
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'integer'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  /** A date, or a date with a time: its ISO text as Python's `isoformat()` writes it. */
  | { readonly type: 'date'; readonly value: string }
  | { readonly type: 'null' }
);

/** One entry of a map. */
export interface YamlEntry {
  readonly value: YamlValue;
  /** Where the key stands. */
  readonly origin: Origin;
}

/** Something the author of a file should know. */
export interface YamlWarning {
  readonly origin: Origin;
  /** `file:line: …`, escaped, one line. */
  readonly message: string;
}

/** A map value. */
export type YamlMap = Extract<YamlValue, { type: 'map' }>;
