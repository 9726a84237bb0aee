import type { GantryError, JsonValue } from './errors.ts';
import { escapeRemote } from './escape.ts';
import { type OciErrorCode, ociError } from './oci-errors.ts';
import { type OciLimitName, ociLimits } from './oci-limits.ts';
import type { Op } from './op.ts';

/** A JSON object as {@link parseJson} makes it: no prototype, keys in the order of the document. */
export type JsonObject = { readonly [key: string]: JsonValue };

const PLAIN_RUN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * Parses JSON that other parsers read in the same way or not at all (RFC 8259 and the I-JSON rules of RFC 7493): UTF-8
 * without byte order mark, no duplicate keys, no lone surrogates, no integers beyond 2^53 or written with a fraction or an
 * exponent, nothing after the value, bounded depth, size and number of values. Objects have no prototype, so
 * `__proto__` is a key like any other. Throws `CONTENT_INVALID` with the offset, or `CONTENT_LIMIT`.
 */
export function parseJson(input: Uint8Array | string, op?: Op, limitName: OciLimitName = 'manifestBytes'): JsonValue {
  const limit = ociLimits(op, limitName);
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
  if (size > limit) {
    throw ociError('CONTENT_LIMIT', `a JSON document has ${size} bytes, more than ${limit}`, {
      details: { limit: limitName, expected: limit, found: size },
    });
  }
  const text = typeof input === 'string' ? input : decode(input);
  if (!text.isWellFormed()) throw invalid(0, 'the text has lone surrogates');
  return new Parser(text, ociLimits(op, 'jsonDepth'), ociLimits(op, 'jsonValues')).document();
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw ociError('CONTENT_INVALID', 'not strict JSON: the bytes are not UTF-8', { cause });
  }
}

function invalid(offset: number, message: string): GantryError<OciErrorCode> {
  return ociError('CONTENT_INVALID', `not strict JSON: ${message} (offset ${offset})`, { details: { offset } });
}

class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #maxValues: number;
  #at = 0;
  #depth = 0;
  #values = 0;

  constructor(text: string, maxDepth: number, maxValues: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#maxValues = maxValues;
  }

  document(): JsonValue {
    this.#skipSpace();
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw invalid(this.#at, 'something follows the value');
    return value;
  }

  #value(): JsonValue {
    // An empty object of three bytes takes a hundred times as much in memory.
    if (++this.#values > this.#maxValues) {
      throw ociError('CONTENT_LIMIT', `a JSON document has more than ${this.#maxValues} values`, {
        details: { limit: 'jsonValues', expected: this.#maxValues, offset: this.#at },
      });
    }
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case 't':
        return this.#literal('true', true);
      case 'f':
        return this.#literal('false', false);
      case 'n':
        return this.#literal('null', null);
      default:
        return this.#number();
    }
  }

  #nested<T>(parse: () => T): T {
    this.#depth++;
    if (this.#depth > this.#maxDepth) {
      throw ociError('CONTENT_LIMIT', `a JSON document is nested deeper than ${this.#maxDepth}`, {
        details: { limit: 'jsonDepth', expected: this.#maxDepth, offset: this.#at },
      });
    }
    this.#at++;
    this.#skipSpace();
    const value = parse();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const object: Record<string, JsonValue> = Object.create(null);
    if (this.#take('}')) return object;
    do {
      this.#skipSpace();
      const start = this.#at;
      if (this.#text[start] !== '"') throw invalid(start, 'expected a key in double quotes');
      const key = this.#string();
      if (key in object) throw invalid(start, `the key "${escapeRemote(key, 64)}" is there twice`);
      this.#skipSpace();
      if (!this.#take(':')) throw invalid(this.#at, 'expected a colon');
      this.#skipSpace();
      object[key] = this.#value();
      this.#skipSpace();
    } while (this.#take(','));
    if (!this.#take('}')) throw invalid(this.#at, 'expected a comma or the end of the object');
    return object;
  }

  #array(): readonly JsonValue[] {
    const array: JsonValue[] = [];
    if (this.#take(']')) return array;
    do {
      this.#skipSpace();
      array.push(this.#value());
      this.#skipSpace();
    } while (this.#take(','));
    if (!this.#take(']')) throw invalid(this.#at, 'expected a comma or the end of the array');
    return array;
  }

  #string(): string {
    const start = this.#at++;
    let escaped = false;
    for (;;) {
      this.#match(PLAIN_RUN);
      const char = this.#text[this.#at];
      if (char === '"') break;
      if (char !== '\\') throw invalid(this.#at, 'a string is not closed or has a control character');
      if (this.#match(ESCAPE) === '') throw invalid(this.#at, 'unknown escape');
      escaped = true;
    }
    this.#at++;
    if (!escaped) return this.#text.slice(start + 1, this.#at - 1);
    const value: string = JSON.parse(this.#text.slice(start, this.#at));
    if (!value.isWellFormed()) throw invalid(start, 'a string has a lone surrogate');
    return value;
  }

  #number(): number {
    const start = this.#at;
    const token = this.#match(NUMBER);
    if (token === '') throw invalid(start, start < this.#text.length ? 'expected a value' : 'the text ends too early');
    const value = Number(token);
    const plain = /^-?[0-9]+$/.test(token);
    if (!Number.isFinite(value) || (plain && !Number.isSafeInteger(value))) {
      throw invalid(start, 'a number is too large to be exact');
    }
    // Parsers disagree whether `1e3`, `1.0` and `-0` are integers; a size must not depend on that.
    if ((!plain && Number.isInteger(value)) || Object.is(value, -0)) {
      throw invalid(start, 'an integer is written without fraction, exponent and signed zero');
    }
    return value;
  }

  #literal<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw invalid(this.#at, 'expected a value');
    this.#at += word.length;
    return value;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #skipSpace(): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code <= 0x20) this.#match(SPACE);
  }
}
