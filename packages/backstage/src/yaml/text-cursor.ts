import type { Origin } from '../config/origin.ts';

/** Ends a text: a character that no YAML file may hold. */
export const END = '\0';

/** Whether a character ends a line. */
export function isBreak(char: string): boolean {
  return char === '\n' || char === '\r' || char === '\x85' || char === '\u2028' || char === '\u2029';
}

/** Whether a character ends a line or the text. */
export function isBreakOrEnd(char: string): boolean {
  return char === END || isBreak(char);
}

/** Whether a character ends a word: a space, a line break or the end. A tab does not. */
export function isSpaceOrEnd(char: string): boolean {
  return char === ' ' || isBreakOrEnd(char);
}

/** Whether a character ends a word, tabs included. */
export function isBlankOrEnd(char: string): boolean {
  return char === '\t' || isSpaceOrEnd(char);
}

/** Spaces, and a comment behind them. */
const SPACES_AND_COMMENT = / *(?:#[^\n\r\x85\u2028\u2029]*)?/y;
const BYTE_ORDER_MARK = '\uFEFF';

/** A place in a text that moves forward and knows its line and column. */
export class TextCursor {
  readonly file: string;
  readonly text: string;
  offset: number = 0;
  /** From 0. */
  line: number = 0;
  /** From 0; a byte order mark has no width. */
  column: number = 0;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  /** The character that many places ahead; {@link END} behind the last. */
  peek(ahead: number = 0): string {
    return this.text[this.offset + ahead] ?? END;
  }

  /** The next characters, fewer at the end. */
  prefix(length: number): string {
    return this.text.slice(this.offset, this.offset + length);
  }

  forward(length: number = 1): void {
    for (let left = length; left > 0 && this.offset < this.text.length; left--) {
      const code = this.text.charCodeAt(this.offset++);
      // Most characters are plain; the others are looked at more closely.
      if ((code > 0x0d && code < 0x2028 && code !== 0x85) || code === 0x09) this.column++;
      else this.#passRare(code);
    }
  }

  #passRare(code: number): void {
    if (isBreak(String.fromCharCode(code)) && !(code === 0x0d && this.text[this.offset] === '\n')) {
      this.line++;
      this.column = 0;
    } else if (code !== 0xfeff) {
      this.column++;
    }
  }

  /** Takes that many characters. */
  take(length: number): string {
    const taken = this.prefix(length);
    this.forward(length);
    return taken;
  }

  /** Takes what a sticky pattern finds here: nothing, or text without line breaks. */
  takeMatch(pattern: RegExp): string {
    pattern.lastIndex = this.offset;
    if (!pattern.test(this.text)) return '';
    const taken = this.text.slice(this.offset, pattern.lastIndex);
    this.offset = pattern.lastIndex;
    this.column += taken.includes(BYTE_ORDER_MARK) ? taken.replaceAll(BYTE_ORDER_MARK, '').length : taken.length;
    return taken;
  }

  /** Takes one line break, as the text it stands for; nothing when there is none. */
  takeBreak(): string {
    const char = this.peek();
    if (!isBreak(char)) return '';
    this.forward(char === '\r' && this.peek(1) === '\n' ? 2 : 1);
    return char === '\u2028' || char === '\u2029' ? char : '\n';
  }

  /** Skips spaces and a comment. */
  skipSpacesAndComment(): void {
    this.takeMatch(SPACES_AND_COMMENT);
  }

  /** Whether `---` or `...` stands here as a word. The caller knows that the line begins here. */
  atDocumentMark(): boolean {
    const three = this.prefix(3);
    return (three === '---' || three === '...') && isBlankOrEnd(this.peek(3));
  }

  place(): Origin {
    return { file: this.file, line: this.line + 1, column: this.column + 1 };
  }
}
