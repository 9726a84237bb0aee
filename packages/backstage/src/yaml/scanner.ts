import type { Origin } from '../config/origin.ts';
import { scanBlockScalar, scanPlain, scanQuoted } from './scan-scalar.ts';
import { scanAnchor, scanDirective, scanTag } from './scan-tag.ts';
import { END, isBlankOrEnd, isBreak, TextCursor } from './text-cursor.ts';
import type { PlainTokenType, Token } from './token.ts';
import { unexpectedCharacter } from './unexpected-character.ts';
import { yamlFault } from './yaml-fault.ts';

/** How long a key without `?` may be. */
const SIMPLE_KEY_LENGTH = 1024;

/** Something that is a key if a `:` follows on its line. */
interface PossibleKey {
  /** Its first token, counted from the first of the text. */
  readonly number: number;
  readonly required: boolean;
  readonly offset: number;
  readonly line: number;
  readonly column: number;
  readonly place: Origin;
}

/**
 * Divides a YAML text into the tokens that PyYAML (6.0) divides it into: its rules for indentation, for keys without `?`
 * and for what is plain differ from those of YAML 1.2 readers. Its licence is in this package's NOTICE.
 */
export class Scanner {
  readonly #cursor: TextCursor;
  readonly #tokens: Token[] = [];
  /** The next token, once it is sure that none comes before it. */
  #next: Token | undefined;
  #taken = 0;
  #done = false;
  /** How many `[` and `{` are open. */
  #flow = 0;
  #indent = -1;
  readonly #indents: number[] = [];
  #keyAllowed = true;
  /** By level of flow: at most one each. */
  readonly #keys: Map<number, PossibleKey> = new Map();

  constructor(file: string, text: string) {
    this.#cursor = new TextCursor(file, text);
    if (this.#cursor.peek() === '\uFEFF') this.#cursor.forward();
  }

  /** The next token, left where it is. The last is `stream end`. */
  peek(): Token {
    if (this.#next !== undefined) return this.#next;
    while (this.#needsMore()) this.#fetch();
    this.#next = this.#tokens[0];
    if (this.#next === undefined) throw yamlFault(this.#cursor.place(), 'the file ends where more was expected');
    return this.#next;
  }

  /** Takes the next token. */
  next(): Token {
    const token = this.peek();
    this.#tokens.shift();
    this.#next = undefined;
    this.#taken++;
    return token;
  }

  /** Whether the next token is one of these. */
  at(...types: readonly Token['type'][]): boolean {
    return types.includes(this.peek().type);
  }

  #needsMore(): boolean {
    if (this.#done) return false;
    if (this.#tokens.length === 0) return true;
    if (this.#keys.size === 0) return false;
    // The first token may turn out to be a key: then another one comes before it.
    this.#dropStaleKeys();
    let first = Number.POSITIVE_INFINITY;
    for (const key of this.#keys.values()) first = Math.min(first, key.number);
    return first === this.#taken;
  }

  #fetch(): void {
    this.#skipToToken();
    this.#dropStaleKeys();
    this.#unwind(this.#cursor.column);
    const cursor = this.#cursor;
    const char = cursor.peek();
    const atLineStart = cursor.column === 0;
    const wordEnds = isBlankOrEnd(cursor.peek(1));
    if (char === END) this.#fetchEnd();
    else if (atLineStart && char === '%') this.#fetchDirective();
    else if (atLineStart && cursor.atDocumentMark()) this.#fetchDocumentMark(char);
    else if (char === '[' || char === '{') this.#fetchOpening(char);
    else if (char === ']' || char === '}') this.#fetchClosing(char);
    else if (char === ',') this.#fetchComma();
    else if (char === '-' && wordEnds) this.#fetchBlockEntry();
    else if (char === '?' && (this.#flow !== 0 || wordEnds)) this.#fetchKeyMark();
    else if (char === ':' && (this.#flow !== 0 || wordEnds)) this.#fetchValueMark();
    else if (char === '*' || char === '&') this.#fetchWord(scanAnchor);
    else if (char === '!') this.#fetchWord(scanTag);
    else if ((char === '|' || char === '>') && this.#flow === 0) this.#fetchBlockScalar();
    else if (char === "'" || char === '"') this.#fetchWord(scanQuoted);
    else if (this.#plainStarts(char, wordEnds)) this.#fetchPlain();
    else throw unexpectedCharacter(cursor);
  }

  #plainStarts(char: string, wordEnds: boolean): boolean {
    if (!isBlankOrEnd(char) && !'-?:,[]{}#&*!|>\'"%@`'.includes(char)) return true;
    return !wordEnds && (char === '-' || (this.#flow === 0 && (char === '?' || char === ':')));
  }

  #add(type: PlainTokenType, place: Origin = this.#cursor.place()): void {
    this.#tokens.push({ type, place });
  }

  #skipToToken(): void {
    for (;;) {
      this.#cursor.skipSpacesAndComment();
      if (!isBreak(this.#cursor.peek())) return;
      this.#cursor.takeBreak();
      if (this.#flow === 0) this.#keyAllowed = true;
    }
  }

  #dropStaleKeys(): void {
    for (const [level, key] of this.#keys) {
      if (key.line === this.#cursor.line && !this.#isTooLong(key)) continue;
      if (key.required) throw missingColon(key);
      this.#keys.delete(level);
    }
  }

  #isTooLong(key: PossibleKey): boolean {
    const { offset, text } = this.#cursor;
    // Characters, not the halves that JavaScript stores some of them in.
    return offset - key.offset > SIMPLE_KEY_LENGTH && [...text.slice(key.offset, offset)].length > SIMPLE_KEY_LENGTH;
  }

  #saveKey(): void {
    if (!this.#keyAllowed) return;
    this.#dropKey();
    const { offset, line, column } = this.#cursor;
    const required = this.#flow === 0 && this.#indent === column;
    const number = this.#taken + this.#tokens.length;
    this.#keys.set(this.#flow, { number, required, offset, line, column, place: this.#cursor.place() });
  }

  #dropKey(): void {
    const key = this.#keys.get(this.#flow);
    if (key?.required === true) throw missingColon(key);
    this.#keys.delete(this.#flow);
  }

  #unwind(column: number): void {
    if (this.#flow !== 0) return;
    while (this.#indent > column) {
      this.#indent = this.#indents.pop() ?? -1;
      this.#add('block end');
    }
  }

  #indentTo(column: number): boolean {
    if (this.#indent >= column) return false;
    this.#indents.push(this.#indent);
    this.#indent = column;
    return true;
  }

  #fetchEnd(): void {
    this.#unwind(-1);
    this.#dropKey();
    this.#keyAllowed = false;
    this.#keys.clear();
    this.#add('stream end');
    this.#done = true;
  }

  #fetchDirective(): void {
    this.#unwind(-1);
    this.#dropKey();
    this.#keyAllowed = false;
    this.#tokens.push(scanDirective(this.#cursor));
  }

  #fetchDocumentMark(char: string): void {
    this.#unwind(-1);
    this.#dropKey();
    this.#keyAllowed = false;
    this.#add(char === '-' ? 'document start' : 'document end');
    this.#cursor.forward(3);
  }

  #fetchOpening(type: '[' | '{'): void {
    this.#saveKey();
    this.#flow++;
    this.#keyAllowed = true;
    this.#add(type);
    this.#cursor.forward();
  }

  #fetchClosing(type: ']' | '}'): void {
    this.#dropKey();
    this.#flow--;
    this.#keyAllowed = false;
    this.#add(type);
    this.#cursor.forward();
  }

  #fetchComma(): void {
    this.#keyAllowed = true;
    this.#dropKey();
    this.#add(',');
    this.#cursor.forward();
  }

  #fetchBlockEntry(): void {
    if (this.#flow === 0) {
      if (!this.#keyAllowed) throw yamlFault(this.#cursor.place(), 'a list entry is not allowed here');
      if (this.#indentTo(this.#cursor.column)) this.#add('block sequence start');
    }
    this.#keyAllowed = true;
    this.#dropKey();
    this.#add('-');
    this.#cursor.forward();
  }

  #fetchKeyMark(): void {
    if (this.#flow === 0) {
      if (!this.#keyAllowed) throw yamlFault(this.#cursor.place(), 'a key is not allowed here');
      if (this.#indentTo(this.#cursor.column)) this.#add('block mapping start');
    }
    this.#keyAllowed = this.#flow === 0;
    this.#dropKey();
    this.#add('?');
    this.#cursor.forward();
  }

  #fetchValueMark(): void {
    const key = this.#keys.get(this.#flow);
    if (key !== undefined) {
      this.#keys.delete(this.#flow);
      const index = key.number - this.#taken;
      this.#tokens.splice(index, 0, { type: '?', place: key.place });
      if (this.#flow === 0 && this.#indentTo(key.column)) {
        this.#tokens.splice(index, 0, { type: 'block mapping start', place: key.place });
      }
      this.#keyAllowed = false;
    } else {
      if (this.#flow === 0) {
        if (!this.#keyAllowed)
          throw yamlFault(this.#cursor.place(), `a value is not allowed here: quote text that holds ': '`);
        if (this.#indentTo(this.#cursor.column)) this.#add('block mapping start');
      }
      this.#keyAllowed = this.#flow === 0;
      this.#dropKey();
    }
    this.#add(':');
    this.#cursor.forward();
  }

  /** An alias, an anchor, a tag or a quoted scalar: each may begin a key, and none may follow it. */
  #fetchWord(scan: (cursor: TextCursor) => Token): void {
    this.#saveKey();
    this.#keyAllowed = false;
    this.#tokens.push(scan(this.#cursor));
  }

  #fetchBlockScalar(): void {
    this.#keyAllowed = true;
    this.#dropKey();
    this.#tokens.push(scanBlockScalar(this.#cursor, this.#indent));
  }

  #fetchPlain(): void {
    this.#saveKey();
    const { token, lineBroken } = scanPlain(this.#cursor, this.#indent + 1, this.#flow !== 0);
    this.#keyAllowed = lineBroken;
    this.#tokens.push(token);
  }
}

function missingColon(key: PossibleKey): Error {
  return yamlFault(key.place, `expected ':' behind a key`);
}
