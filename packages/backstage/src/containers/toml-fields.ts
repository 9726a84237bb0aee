import type { TomlTableWithoutBigInt as TomlTable, TomlValueWithoutBigInt as TomlValue } from 'smol-toml';
import { containersFault } from './containers-fault.ts';

/** Reads fields of a table of a TOML file; the error about one that is of another type names the file and the table's line. */
export class TomlFields {
  readonly #table: TomlTable;
  readonly #file: string;
  readonly line: number | undefined;

  constructor(table: TomlTable, file: string, line?: number) {
    this.#table = table;
    this.#file = file;
    this.line = line;
  }

  text(key: string): string {
    const value = this.#table[key] ?? '';
    if (typeof value !== 'string') throw this.#unexpected(key, 'a string');
    return value;
  }

  flag(key: string): boolean {
    const value = this.#table[key] ?? false;
    if (typeof value !== 'boolean') throw this.#unexpected(key, 'true or false');
    return value;
  }

  texts(key: string): readonly string[] | undefined {
    const value = this.#table[key];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.#unexpected(key, 'a list of strings');
  }

  /** The tables of a list; `lines` are those of their headers. */
  tables(key: string, lines: readonly number[]): readonly TomlFields[] {
    const value = this.#table[key] ?? [];
    if (!Array.isArray(value) || !value.every(isTable)) throw this.#unexpected(key, 'a list of tables');
    return value.map((table, index) => new TomlFields(table, this.#file, lines[index]));
  }

  /** A table within this one; undefined when it is not there. */
  table(key: string): TomlFields | undefined {
    const value = this.#table[key];
    if (value === undefined) return undefined;
    if (!isTable(value)) throw this.#unexpected(key, 'a table');
    return new TomlFields(value, this.#file);
  }

  /** The error about something in this table. */
  fault(problem: string): Error {
    return containersFault(this.#file, problem, { line: this.line });
  }

  #unexpected(key: string, expected: string): Error {
    return this.fault(`${key} is not ${expected}`);
  }
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}
