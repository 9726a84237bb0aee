import type { Origin } from '../config/origin.ts';
import { END, isBlankOrEnd, isBreak, isSpaceOrEnd, type TextCursor } from './text-cursor.ts';
import type { ScalarToken } from './token.ts';
import { shown, yamlFault } from './yaml-fault.ts';

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\x08'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\x0B'],
  ['f', '\x0C'],
  ['r', '\r'],
  ['e', '\x1B'],
  [' ', ' '],
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['N', '\x85'],
  ['_', '\xA0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);
const ESCAPE_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

const QUOTED_WORD = /[^'"\\ \t\n\r\x85\u2028\u2029]+/y;
const PLAIN_WORD = /[^: \t\n\r\x85\u2028\u2029]+/y;
const PLAIN_WORD_IN_FLOW = /[^:,?[\]{} \t\n\r\x85\u2028\u2029]+/y;
const SPACES = / +/y;
const BLANKS = /[ \t]+/y;
const LINE = /[^\n\r\x85\u2028\u2029]+/y;

/** Reads a scalar in single or double quotes. */
export function scanQuoted(cursor: TextCursor): ScalarToken {
  const place = cursor.place();
  const quote = cursor.take(1);
  let value = quotedWord(cursor, quote);
  while (cursor.peek() !== quote) value += quotedSpaces(cursor, place) + quotedWord(cursor, quote);
  cursor.forward();
  return { type: 'scalar', place, value, plain: false };
}

/** What stands in quotes up to a blank, the closing quote or the end. */
function quotedWord(cursor: TextCursor, quote: string): string {
  let word = '';
  for (;;) {
    word += cursor.takeMatch(QUOTED_WORD);
    const char = cursor.peek();
    if (quote === "'" && cursor.prefix(2) === "''") {
      word += "'";
      cursor.forward(2);
    } else if (quote === '"' && char === '\\') {
      word += escaped(cursor);
    } else if (char !== quote && (char === "'" || char === '"' || char === '\\')) {
      word += cursor.take(1);
    } else {
      return word;
    }
  }
}

function escaped(cursor: TextCursor): string {
  cursor.forward();
  const char = cursor.peek();
  const plain = ESCAPES.get(char);
  if (plain !== undefined) {
    cursor.forward();
    return plain;
  }
  const length = ESCAPE_LENGTHS.get(char);
  if (length !== undefined) {
    cursor.forward();
    const hex = cursor.take(length);
    const code = /^[0-9A-Fa-f]+$/.test(hex) && hex.length === length ? Number.parseInt(hex, 16) : Number.NaN;
    if (!(code <= 0x10ffff)) throw yamlFault(cursor.place(), `expected ${length} hexadecimal digits behind \\${char}`);
    return String.fromCodePoint(code);
  }
  if (!isBreak(char)) throw yamlFault(cursor.place(), `\\${char === END ? '' : char} is no escape in double quotes`);
  cursor.takeBreak();
  return quotedBreaks(cursor);
}

/** Blanks between words in quotes: line breaks are folded. */
function quotedSpaces(cursor: TextCursor, place: Origin): string {
  const blanks = cursor.takeMatch(BLANKS);
  if (cursor.peek() === END) throw yamlFault(place, 'the quote that opens here is not closed');
  const first = cursor.takeBreak();
  return first === '' ? blanks : folded(first, quotedBreaks(cursor));
}

function quotedBreaks(cursor: TextCursor): string {
  let breaks = '';
  for (;;) {
    if (cursor.atDocumentMark()) throw yamlFault(cursor.place(), 'a document ends within quotes');
    cursor.takeMatch(BLANKS);
    if (!isBreak(cursor.peek())) return breaks;
    breaks += cursor.takeBreak();
  }
}

/** A first line break and those behind it, folded. */
function folded(first: string, rest: string): string {
  if (first !== '\n') return first + rest;
  return rest === '' ? ' ' : rest;
}

/** Reads a scalar without quotes. `lineBroken` tells whether lines ended behind it, so that a key may follow. */
export function scanPlain(
  cursor: TextCursor,
  indent: number,
  inFlow: boolean,
): { readonly token: ScalarToken; readonly lineBroken: boolean } {
  const place = cursor.place();
  let value = '';
  let spaces = '';
  let lineBroken = false;
  while (cursor.peek() !== '#') {
    const word = plainWord(cursor, inFlow);
    if (word === '') break;
    lineBroken = false;
    value += spaces + word;
    const between = plainSpaces(cursor);
    lineBroken = between.lineBroken;
    spaces = between.text;
    if (spaces === '' || (!inFlow && cursor.column < indent)) break;
  }
  return { token: { type: 'scalar', place, value, plain: true }, lineBroken };
}

function plainWord(cursor: TextCursor, inFlow: boolean): string {
  const pattern = inFlow ? PLAIN_WORD_IN_FLOW : PLAIN_WORD;
  let word = cursor.takeMatch(pattern);
  while (cursor.peek() === ':') {
    const next = cursor.peek(1);
    if (isBlankOrEnd(next) || (inFlow && ',[]{}'.includes(next))) break;
    word += cursor.take(1) + cursor.takeMatch(pattern);
  }
  return word;
}

/** Blanks behind a word without quotes; no text when the scalar ends there. */
function plainSpaces(cursor: TextCursor): { readonly text: string; readonly lineBroken: boolean } {
  const spaces = cursor.takeMatch(SPACES);
  const first = cursor.takeBreak();
  if (first === '') return { text: spaces, lineBroken: false };
  let breaks = '';
  do {
    if (cursor.column === 0 && cursor.atDocumentMark()) return { text: '', lineBroken: true };
    cursor.takeMatch(SPACES);
    if (!isBreak(cursor.peek())) break;
    breaks += cursor.takeBreak();
  } while (cursor.peek() !== END);
  return { text: folded(first, breaks), lineBroken: true };
}

/** Reads a literal (`|`) or folded (`>`) scalar. `parent` is the indentation around it, -1 at the top. */
export function scanBlockScalar(cursor: TextCursor, parent: number): ScalarToken {
  const place = cursor.place();
  const fold = cursor.take(1) === '>';
  const { keep, increment } = scanBlockHeader(cursor);
  const least = Math.max(1, parent + 1);
  let breaks: string;
  let indent: number;
  if (increment === undefined) {
    const leading = leadingBreaks(cursor);
    breaks = leading.breaks;
    indent = Math.max(least, leading.indent);
  } else {
    indent = least + increment - 1;
    breaks = blockBreaks(cursor, indent);
  }
  let value = '';
  let lineBreak = '';
  while (cursor.column === indent && cursor.peek() !== END) {
    value += breaks;
    const startsBlank = cursor.peek() === ' ' || cursor.peek() === '\t';
    value += cursor.takeMatch(LINE);
    lineBreak = cursor.takeBreak();
    breaks = blockBreaks(cursor, indent);
    if (cursor.column !== indent || cursor.peek() === END) break;
    const nextBlank = cursor.peek() === ' ' || cursor.peek() === '\t';
    if (!fold || lineBreak !== '\n' || startsBlank || nextBlank) value += lineBreak;
    else if (breaks === '') value += ' ';
  }
  if (keep !== false) value += lineBreak;
  if (keep === true) value += breaks;
  return { type: 'scalar', place, value, plain: false };
}

/** `keep`: true for `+`, false for `-`, undefined for neither. */
function scanBlockHeader(cursor: TextCursor): {
  readonly keep: boolean | undefined;
  readonly increment: number | undefined;
} {
  const match = /^(?:([+-])([0-9])?|([0-9])([+-])?)?/.exec(cursor.prefix(2));
  cursor.forward(match?.[0].length ?? 0);
  const sign = match?.[1] ?? match?.[4];
  const digit = match?.[2] ?? match?.[3];
  if (digit === '0') throw yamlFault(cursor.place(), 'expected an indentation of 1 to 9, found 0');
  if (!isSpaceOrEnd(cursor.peek())) {
    throw yamlFault(cursor.place(), `expected '+', '-' or a digit behind | or >, found ${shown(cursor.peek())}`);
  }
  cursor.skipSpacesAndComment();
  if (cursor.peek() === ' ' || !isSpaceOrEnd(cursor.peek())) {
    throw yamlFault(cursor.place(), `expected a comment or a line break, found ${shown(cursor.peek())}`);
  }
  cursor.takeBreak();
  return {
    keep: sign === undefined ? undefined : sign === '+',
    increment: digit === undefined ? undefined : Number(digit),
  };
}

/** The empty lines that a block scalar begins with, and the indentation of the first other one. */
function leadingBreaks(cursor: TextCursor): { readonly breaks: string; readonly indent: number } {
  let breaks = '';
  let indent = 0;
  for (;;) {
    if (cursor.peek() === ' ') {
      cursor.forward();
      indent = Math.max(indent, cursor.column);
    } else if (isBreak(cursor.peek())) {
      breaks += cursor.takeBreak();
    } else {
      return { breaks, indent };
    }
  }
}

function blockBreaks(cursor: TextCursor, indent: number): string {
  let breaks = '';
  for (;;) {
    while (cursor.column < indent && cursor.peek() === ' ') cursor.forward();
    if (!isBreak(cursor.peek())) return breaks;
    breaks += cursor.takeBreak();
  }
}
