import type { TextRule } from './requirement.ts';

/**
 * Comparing texts of a certificate with those of the policy. Exact text is compared code unit by code unit. A pattern
 * always matches the whole text, never a part of it: a glob, in which `*` stands for any characters of one segment (all
 * but `/`) and everything else for itself, or `/regexp/` in RE2 syntax, which takes time linear in the text. Line ends,
 * NUL, upper case and look-alikes are characters like others.
 */

/** Tells whether a text satisfies a rule. */
export type TextMatcher = (value: string) => boolean;

/** Makes the matcher of a rule, for many texts. Loads the regular expression engine for a `/regexp/` only. Throws what {@link checkTextRule} reports. */
export async function compileTextRule(rule: TextRule): Promise<TextMatcher> {
  if ('exact' in rule) return (value) => value === rule.exact;
  const expression = regexpOf(rule.pattern);
  if (expression === undefined) return globMatcher(rule.pattern);
  const { RE2JS } = await import('re2js');
  const compiled = RE2JS.compile(expression);
  return (value) => compiled.matches(value);
}

/** Whether a text satisfies a rule. */
export async function matchesText(rule: TextRule, value: string): Promise<boolean> {
  return (await compileTextRule(rule))(value);
}

/** What is wrong with a rule, for a message; undefined when it can be used. */
export async function checkTextRule(rule: TextRule): Promise<string | undefined> {
  if ('exact' in rule) return checkExact(rule.exact);
  const { pattern } = rule;
  if (pattern === '') return 'expected a text that is not empty';
  const expression = regexpOf(pattern);
  if (expression === '') return 'the regular expression is empty';
  if (expression === undefined) return checkGlob(pattern);
  try {
    await compileTextRule(rule);
    return undefined;
  } catch (error) {
    return `it is not a regular expression in RE2 syntax: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** How a rule is shown to people: exact text as it is, patterns as they are written. */
export function textOfRule(rule: TextRule): string {
  return 'exact' in rule ? rule.exact : rule.pattern;
}

/** What stands between the slashes of `/regexp/`; undefined for a glob. */
function regexpOf(pattern: string): string | undefined {
  return pattern.length > 1 && pattern.startsWith('/') && pattern.endsWith('/') ? pattern.slice(1, -1) : undefined;
}

/** A `*` in an exact text was meant as a pattern, and as text it would match nothing. */
function checkExact(text: string): string | undefined {
  if (text === '') return 'expected a text that is not empty';
  return text.includes('*') ? 'it is compared exactly, * is no pattern here' : undefined;
}

function checkGlob(pattern: string): string | undefined {
  if (pattern.includes('**')) return '* stands for characters of one segment and ** for nothing; write /regexp/';
  if (pattern.startsWith('/')) return 'a regular expression begins and ends with /';
  return undefined;
}

function globMatcher(pattern: string): TextMatcher {
  const segments = pattern.split('/');
  return (value) => {
    const found = value.split('/');
    return (
      found.length === segments.length &&
      segments.every((segment, index) => segmentMatches(segment.split('*'), found[index] ?? ''))
    );
  };
}

/** Between the first piece and the last each next piece is looked for as early as it can be; no need to go back. */
function segmentMatches(pieces: readonly string[], text: string): boolean {
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let position = first.length;
  for (const piece of others) {
    const at = text.indexOf(piece, position);
    if (at < 0 || at + piece.length > end) return false;
    position = at + piece.length;
  }
  return true;
}
