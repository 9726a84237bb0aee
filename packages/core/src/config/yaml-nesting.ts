import { Lexer } from 'yaml';

const SCALAR_FOLLOWS = '\u001f';
const OPENING: ReadonlySet<string> = new Set(['[', '{']);
const CLOSING: ReadonlySet<string> = new Set([']', '}']);
/** Each of these opens a level of block style, and several may stand on one line. */
const BLOCK: ReadonlySet<string> = new Set(['-', '?', ':']);

/**
 * Where a YAML text is nested deeper than `limit`, as an offset; undefined when it is not. Linear, without recursion, so
 * that the parser, whose time grows faster than the depth, never sees such a text. Indentation is not counted: its depth is
 * bounded by the size of the text.
 */
export function tooDeepAt(text: string, limit: number): number | undefined {
  let offset = 0;
  let flow = 0;
  let onLine = 0;
  let before = '';
  for (const token of new Lexer().lex(text)) {
    if (before !== SCALAR_FOLLOWS) {
      if (OPENING.has(token)) flow++;
      if (CLOSING.has(token)) flow--;
      if (flow === 0 && BLOCK.has(token)) onLine++;
      if (flow > limit || onLine > limit) return offset;
    }
    if (token.includes('\n')) onLine = 0;
    // Control tokens of the lexer stand for no text.
    if (!/^[\u0002\u0018\u001f]$/.test(token)) offset += token.length;
    before = token;
  }
  return undefined;
}
