/** One change of a source text that the tests have to notice. */
export interface Mutant {
  readonly line: number;
  /** What was changed, on one line. */
  readonly change: string;
  /** The line as it was. */
  readonly code: string;
  /** The whole changed source. */
  readonly text: string;
}

/** Replaces a piece of code by others that say something else. */
interface Operator {
  readonly find: RegExp;
  /** What takes the place of a match that begins at `start`; the end is where the piece ends. */
  replacements(source: string, start: number, match: string): { readonly end: number; readonly by: readonly string[] };
}

const swapped = (find: RegExp, by: Readonly<Record<string, string>>): Operator => ({
  find,
  replacements: (_, start, match) => ({ end: start + match.length, by: [by[match] ?? ''] }),
});

const OPERATORS: readonly Operator[] = [
  // Comparisons and connectives. With blanks around them, these are never types or arrows.
  swapped(/ (?:===|!==|<|<=|>|>=|&&|\|\|) /g, {
    ' === ': ' !== ',
    ' !== ': ' === ',
    ' < ': ' <= ',
    ' <= ': ' < ',
    ' > ': ' >= ',
    ' >= ': ' > ',
    ' && ': ' || ',
    ' || ': ' && ',
  }),
  swapped(/\.(?:every|some)\(/g, { '.every(': '.some(', '.some(': '.every(' }),
  // A guard never holds.
  {
    find: /\bif \(/g,
    replacements: (source, start, match) => ({
      end: closing(source, start + match.length),
      by: ['if (false)'],
    }),
  },
  // A negation is dropped.
  swapped(/(?<=[( =])!(?=[\w(])/g, { '!': '' }),
  // What answers yes or no answers always the same.
  {
    find: /(?<![\w.?])[\w.?]+\.(?:equals|has|includes|test|hasOwn|isContextSpecific|isUniversal)\(/g,
    replacements: (source, start, match) => ({ end: closing(source, start + match.length), by: ['true', 'false'] }),
  },
  // A check that is a statement of its own is left out, with the loop around it.
  {
    find: /(?<=\n) *(?:for \(.*\) )?(?:check|compare)\w*\(/g,
    replacements: (source, start, match) => ({ end: closing(source, start + match.length) + 1, by: [''] }),
  },
];

/** All mutants of a source text. Comments and texts in quotes are left alone. */
export function mutantsOf(source: string): readonly Mutant[] {
  const code = withoutTexts(source);
  return OPERATORS.flatMap((operator) =>
    [...code.matchAll(operator.find)].flatMap((match) => {
      const { end, by } = operator.replacements(code, match.index, match[0]);
      const before = source.slice(match.index, end);
      const line = source.slice(0, match.index).split('\n').length;
      return by.map((after) => ({
        line,
        code: oneLine(source.split('\n')[line - 1] ?? ''),
        change: `${oneLine(before)} -> ${oneLine(after) || 'nothing'}`,
        text: source.slice(0, match.index) + after + source.slice(end),
      }));
    }),
  );
}

function oneLine(code: string): string {
  return code.trim().replaceAll(/\s+/g, ' ');
}

/** Where the bracket that was opened before `start` is closed, behind it. */
function closing(code: string, start: number): number {
  let depth = 1;
  let at = start;
  for (; depth > 0 && at < code.length; at += 1) {
    if (code[at] === '(') depth += 1;
    if (code[at] === ')') depth -= 1;
  }
  return at;
}

/** The text of the same length in which comments, imports, regular expressions and what stands in quotes are blanks. */
function withoutTexts(source: string): string {
  const TEXTS =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|^import [^;]*;|'(?:[^'\\\n]|\\.)*'|(?<=[=(] ?)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/gm;
  const plain = source.replace(TEXTS, (text) => text.replaceAll(/[^\n]/g, '_'));
  return plain.replace(/`(?:[^`\\]|\\.)*`/g, (text) => text.replaceAll(/[^\n]/g, '_'));
}
