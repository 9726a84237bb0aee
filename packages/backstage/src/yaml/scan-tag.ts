import type { Origin } from '../config/origin.ts';
import { isBlankOrEnd, isSpaceOrEnd, type TextCursor } from './text-cursor.ts';
import type { Directive, Token, WrittenTag } from './token.ts';
import { shown, yamlFault } from './yaml-fault.ts';

const WORD = /[0-9A-Za-z_-]+/y;
const URI = /[0-9A-Za-z\-;/?:@&=+$,_.!~*'()[\]]+/y;
const SPACES = / +/y;
const UP_TO_SPACE = /[^ \n\r\x85\u2028\u2029]+/y;
const HANDLE = /!(?:[0-9A-Za-z_-]*!)?/y;
/** What may stand right behind the name of an anchor or alias. */
const BEHIND_NAME = '?:,]}%@`';

/** Reads `&name` or `*name`. */
export function scanAnchor(cursor: TextCursor): Token {
  const place = cursor.place();
  const type = cursor.take(1) === '*' ? 'alias' : 'anchor';
  const name = cursor.takeMatch(WORD);
  const next = cursor.peek();
  if (name === '' || !(isBlankOrEnd(next) || BEHIND_NAME.includes(next))) {
    throw yamlFault(cursor.place(), `expected a letter or digit in the name of an ${type}, found ${shown(next)}`);
  }
  return { type, place, name };
}

/** Reads `!`, `!suffix`, `!handle!suffix` or `!<uri>`. */
export function scanTag(cursor: TextCursor): Token {
  const place = cursor.place();
  const tag = scanWrittenTag(cursor, place);
  if (!isSpaceOrEnd(cursor.peek())) {
    throw yamlFault(cursor.place(), `expected a space behind a tag, found ${shown(cursor.peek())}`);
  }
  return { type: 'tag', place, tag };
}

function scanWrittenTag(cursor: TextCursor, place: Origin): WrittenTag {
  const next = cursor.peek(1);
  if (next === '<') {
    cursor.forward(2);
    const suffix = scanUri(cursor, place);
    if (cursor.peek() !== '>') throw yamlFault(cursor.place(), `expected '>' behind a tag`);
    cursor.forward();
    return { handle: undefined, suffix };
  }
  if (isBlankOrEnd(next)) {
    cursor.forward();
    return { handle: undefined, suffix: '!' };
  }
  let length = 1;
  while (!isSpaceOrEnd(cursor.peek(length)) && cursor.peek(length) !== '!') length++;
  if (cursor.peek(length) === '!') return { handle: scanHandle(cursor), suffix: scanUri(cursor, place) };
  cursor.forward();
  return { handle: '!', suffix: scanUri(cursor, place) };
}

/** Reads a line that starts with `%`. */
export function scanDirective(cursor: TextCursor): Token {
  const place = cursor.place();
  cursor.forward();
  const name = cursor.takeMatch(WORD);
  if (name === '' || !isSpaceOrEnd(cursor.peek())) {
    throw yamlFault(cursor.place(), `expected the name of a directive, found ${shown(cursor.peek())}`);
  }
  const directive = scanDirectiveValue(cursor, name, place);
  cursor.skipSpacesAndComment();
  if (!isSpaceOrEnd(cursor.peek())) {
    throw yamlFault(cursor.place(), `expected a comment or a line break, found ${shown(cursor.peek())}`);
  }
  cursor.takeBreak();
  return { type: 'directive', place, directive };
}

function scanDirectiveValue(cursor: TextCursor, name: string, place: Origin): Directive {
  if (name === 'YAML') {
    cursor.takeMatch(SPACES);
    const version = /^([0-9]+)\.([0-9]+)$/.exec(cursor.takeMatch(UP_TO_SPACE));
    if (version === null) throw yamlFault(place, 'expected a version such as 1.1 behind %YAML');
    return { name, major: Number(version[1]) };
  }
  if (name === 'TAG') {
    cursor.takeMatch(SPACES);
    const handle = scanHandle(cursor);
    if (cursor.peek() !== ' ') throw yamlFault(cursor.place(), `expected ' ' behind a handle of tags`);
    cursor.takeMatch(SPACES);
    const prefix = scanUri(cursor, place);
    if (!isSpaceOrEnd(cursor.peek())) throw yamlFault(cursor.place(), `expected ' ' behind a prefix of tags`);
    return { name, handle, prefix };
  }
  while (!isLineEnd(cursor)) cursor.forward();
  return { name: 'other' };
}

function isLineEnd(cursor: TextCursor): boolean {
  return cursor.peek() !== ' ' && isSpaceOrEnd(cursor.peek());
}

/** `!`, `!!` or `!word!`. */
function scanHandle(cursor: TextCursor): string {
  const { offset } = cursor;
  const handle = cursor.takeMatch(HANDLE);
  if (handle === '') throw yamlFault(cursor.place(), `expected '!', found ${shown(cursor.peek())}`);
  if (handle === '!' && cursor.text[offset + 1] !== ' ') {
    throw yamlFault(cursor.place(), `expected '!' at the end of a handle of tags`);
  }
  return handle;
}

function scanUri(cursor: TextCursor, place: Origin): string {
  let uri = '';
  for (;;) {
    uri += cursor.takeMatch(URI);
    if (cursor.peek() !== '%') break;
    uri += scanUriEscapes(cursor, place);
  }
  if (uri === '') throw yamlFault(cursor.place(), `expected a tag, found ${shown(cursor.peek())}`);
  return uri;
}

function scanUriEscapes(cursor: TextCursor, place: Origin): string {
  let escapes = '';
  while (/^%[0-9A-Fa-f]{2}$/.test(cursor.prefix(3))) escapes += cursor.take(3);
  try {
    if (escapes !== '' && cursor.peek() !== '%') return decodeURIComponent(escapes);
  } catch {
    // Not UTF-8: refused like an escape that is cut short.
  }
  throw yamlFault(place, 'a tag holds an escape that is no UTF-8');
}
