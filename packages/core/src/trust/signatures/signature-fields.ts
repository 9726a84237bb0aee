import { escapeRemote, isGantryError, type JsonObject, type JsonValue, type Op, parseJson } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { coreLimits } from '../../core-limits.ts';
import { strictBase64 } from './strict-base64.ts';

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;
const HEX = /^(?:[0-9a-f]{2})+$/;

/**
 * An object of a signature's JSON, read strictly: what is there has the expected type, or it is `SIGNATURE_MALFORMED`
 * with the place. Fields that nobody asks for are passed over unless {@link SignatureFields.only} names those there may be.
 */
export class SignatureFields {
  readonly #object: JsonObject;
  readonly #place: string;

  constructor(value: JsonValue | undefined, place: string) {
    this.#place = place;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong('', 'an object', value);
    this.#object = value as JsonObject;
  }

  /** Parses a JSON document. `SIGNATURE_LIMIT` when it is larger than is read. */
  static parse(bytes: Uint8Array | string, place: string, op?: Op): SignatureFields {
    return new SignatureFields(parsed(bytes, place, op), place);
  }

  /** These fields and no others. For formats whose version says what there is, as in a bundle: cosign refuses the rest too. */
  only(...keys: readonly string[]): this {
    const unknown = Object.keys(this.#object).find((key) => !keys.includes(key));
    if (unknown === undefined) return this;
    throw coreError('SIGNATURE_MALFORMED', `${this.#place}: unknown field ${escapeRemote(unknown, 60)}`);
  }

  has(key: string): boolean {
    return this.#object[key] !== undefined;
  }

  object(key: string): SignatureFields {
    return new SignatureFields(this.#object[key], this.#at(key));
  }

  /** Objects of a list; none when it is absent. `SIGNATURE_LIMIT` for more than are looked at. */
  objects(key: string, op?: Op): readonly SignatureFields[] {
    return this.#list(key, op).map((value, index) => new SignatureFields(value, `${this.#at(key)}[${index}]`));
  }

  /** Bytes of a list of base64 texts; none when it is absent. `SIGNATURE_LIMIT` for more than are looked at. */
  byteStrings(key: string, op?: Op): Buffer[] {
    return this.#list(key, op).map((value, index) => this.#decoded(`${key}[${index}]`, value));
  }

  text(key: string): string {
    const value = this.#object[key];
    if (typeof value !== 'string' || value === '') throw this.#wrong(key, 'a text', value);
    return value;
  }

  /** A text, or nothing where it is absent. */
  optionalText(key: string): string | undefined {
    return this.has(key) ? this.text(key) : undefined;
  }

  /** Bytes in strict base64, at least one. */
  bytes(key: string): Buffer {
    return this.#decoded(key, this.#object[key]);
  }

  /** Bytes in lower-case hexadecimal, at least one. */
  hex(key: string): Buffer {
    const value = this.#object[key];
    if (typeof value !== 'string' || !HEX.test(value)) throw this.#wrong(key, 'lower-case hexadecimal', value);
    return Buffer.from(value, 'hex');
  }

  /** An integer that may be written as a number or, as protobuf does it, as a text; zero where it is absent. */
  decimal(key: string): string {
    const value = this.#object[key];
    if (value === undefined) return '0';
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string' || !DECIMAL.test(text) || !Number.isSafeInteger(Number(text))) {
      throw this.#wrong(key, 'an integer', value);
    }
    return text;
  }

  /** The members that are texts. Others are left out: nobody can require them. */
  texts(key: string): Record<string, string> {
    const value = this.#object[key];
    const texts: Record<string, string> = Object.create(null);
    if (value === undefined || value === null) return texts;
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#wrong(key, 'an object', value);
    for (const [name, text] of Object.entries(value)) if (typeof text === 'string') texts[name] = text;
    return texts;
  }

  #list(key: string, op: Op | undefined): readonly JsonValue[] {
    const value = this.#object[key];
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.#wrong(key, 'a list', value);
    const limit = coreLimits(op, 'signatureProofs');
    if (value.length > limit) {
      throw coreError('SIGNATURE_LIMIT', `${this.#at(key)}: expected at most ${limit} entries, found ${value.length}`, {
        details: { limit: 'signatureProofs', expected: limit, found: value.length },
      });
    }
    return value;
  }

  #decoded(key: string, value: JsonValue | undefined): Buffer {
    const bytes = typeof value === 'string' ? strictBase64(value) : undefined;
    if (bytes === undefined || bytes.length === 0) throw this.#wrong(key, 'strict base64', value);
    return bytes;
  }

  #at(key: string): string {
    return key === '' ? this.#place : `${this.#place}: ${key}`;
  }

  #wrong(key: string, expected: string, found: JsonValue | undefined): Error {
    const shown = found === undefined ? 'nothing' : escapeRemote(JSON.stringify(found), 60);
    return coreError('SIGNATURE_MALFORMED', `${this.#at(key)}: expected ${expected}, found ${shown}`);
  }
}

function parsed(bytes: Uint8Array | string, place: string, op?: Op): JsonValue {
  try {
    return parseJson(bytes, op);
  } catch (cause) {
    if (!isGantryError(cause)) throw cause;
    const code = cause.code === 'CONTENT_LIMIT' ? 'SIGNATURE_LIMIT' : 'SIGNATURE_MALFORMED';
    throw coreError(code, `${place}: ${cause.message}`, { cause });
  }
}
