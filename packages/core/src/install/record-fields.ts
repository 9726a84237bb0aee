import { type Digest, escapeRemote, isDigest, type JsonValue, type Op, parseJson } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';

type Fields = { readonly [key: string]: JsonValue };

/** Strict access to the fields of a file that the plugin root wrote: the value or `INSTALL_DAMAGED`. */
export class RecordFields {
  readonly #what: string;
  readonly #fields: Fields;

  constructor(what: string, value: JsonValue | undefined) {
    this.#what = what;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#damaged('an object');
    this.#fields = value as Fields;
  }

  /**
   * Parses the bytes of a record. `STORE_VERSION` when a newer Gantry wrote it, `INSTALL_DAMAGED` when it is not strict
   * JSON or has another schema.
   */
  static parse(what: string, bytes: Uint8Array, op?: Op): RecordFields {
    let value: JsonValue;
    try {
      value = parseJson(bytes, { limits: { ...op?.limits, manifestBytes: coreLimits(op, 'receiptBytes') } });
    } catch (cause) {
      throw coreError('INSTALL_DAMAGED', `${what} is not readable`, { cause });
    }
    return RecordFields.of(what, value);
  }

  /** The fields of a record that was parsed. Throws as {@link RecordFields.parse} does. */
  static of(what: string, value: JsonValue | undefined): RecordFields {
    const fields = new RecordFields(what, value);
    const version = fields.integer('schemaVersion');
    if (version > 1) {
      throw coreError('STORE_VERSION', `${what} has schema version ${version}, this Gantry knows 1`, {
        details: { found: version, expected: 1 },
      });
    }
    if (version !== 1) throw fields.#damaged('schemaVersion 1');
    return fields;
  }

  /** Throws `INSTALL_DAMAGED` when there is a key that is not among these. */
  only(...keys: readonly string[]): this {
    const unknown = Object.keys(this.#fields).find((key) => !keys.includes(key));
    if (unknown !== undefined) throw this.#damaged(`no field "${escapeRemote(unknown, 40)}"`);
    return this;
  }

  text(key: string): string {
    const value = this.#fields[key];
    if (typeof value !== 'string') throw this.#damaged(`a text in ${key}`);
    return value;
  }

  optionalText(key: string): string | undefined {
    return this.#fields[key] === null ? undefined : this.text(key);
  }

  /** Whether there is a field of this name: those that came with a later Gantry may be missing. */
  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key);
  }

  flag(key: string): boolean {
    const value = this.#fields[key];
    if (typeof value !== 'boolean') throw this.#damaged(`true or false in ${key}`);
    return value;
  }

  integer(key: string): number {
    const value = this.#fields[key];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw this.#damaged(`a number in ${key}`);
    return value;
  }

  digest(key: string): Digest {
    const value = this.#fields[key];
    if (!isDigest(value)) throw this.#damaged(`a digest in ${key}`);
    return value;
  }

  oneOf<const T extends string>(key: string, allowed: readonly T[]): T {
    const value = this.#fields[key];
    const found = allowed.find((item) => item === value);
    if (found === undefined) throw this.#damaged(`one of ${allowed.join(', ')} in ${key}`);
    return found;
  }

  /** A relative path of plain components: what may be joined to a directory. */
  relativePath(key: string): string {
    const value = this.text(key);
    const parts = value.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..') || /[\\\0]/.test(value)) {
      throw this.#damaged(`a plain relative path in ${key}`);
    }
    return value;
  }

  record(key: string): RecordFields {
    return new RecordFields(`${this.#what}, ${key}`, this.#fields[key]);
  }

  optionalRecord(key: string): RecordFields | undefined {
    return this.#fields[key] === null ? undefined : this.record(key);
  }

  records(key: string): readonly RecordFields[] {
    const value = this.#fields[key];
    if (!Array.isArray(value)) throw this.#damaged(`a list in ${key}`);
    return value.map((item: JsonValue) => new RecordFields(`${this.#what}, ${key}`, item));
  }

  texts(key: string): readonly string[] {
    const value = this.#fields[key];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw this.#damaged(`a list of texts in ${key}`);
    }
    return value;
  }

  optionalTexts(key: string): readonly string[] | undefined {
    return this.#fields[key] === null ? undefined : this.texts(key);
  }

  digests(key: string): readonly Digest[] {
    const value = this.#fields[key];
    if (!Array.isArray(value) || !value.every((item) => isDigest(item)))
      throw this.#damaged(`a list of digests in ${key}`);
    return value;
  }

  /** The value, when it is a time in ISO 8601. */
  time(key: string): string {
    const value = this.text(key);
    if (Number.isNaN(Date.parse(value))) throw this.#damaged(`a time in ${key}`);
    return value;
  }

  #damaged(expected: string): Error {
    return coreError('INSTALL_DAMAGED', `${this.#what} is damaged: expected ${expected}`, {
      details: { file: this.#what, expected },
    });
  }
}
