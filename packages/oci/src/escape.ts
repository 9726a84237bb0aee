// Controls, format characters (bidirectional overrides, zero-width, tags), line and paragraph separators, surrogates
// without a partner, private use: everything that moves the cursor, reorders or hides text in a terminal.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;
const CAP = 200;

/**
 * Makes text that a server or an artifact chose safe to show: characters that act on a terminal become `\u{hex}`,
 * and what is longer than `max` characters ends in `…`. Never throws.
 */
export function escapeRemote(text: string, max: number = CAP): string {
  // Cut before escaping, so that a megabyte of remote text costs nothing; never inside a surrogate pair.
  const cut = text.length > max ? `${text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')}…` : text;
  return cut.replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w\-.~+/=]+/gi, '$1 [redacted]'],
  [/(:\/\/)[^\s/@"']*@/g, '$1[redacted]@'],
  [/\?[^\s"'<>]*=[^\s"'<>]*/g, '?[redacted]'],
  [
    /("?(?:[\w-]{0,32}token|password|passwd|secret|authorization|cookie|signature|api[_-]?key)"?\s*[:=]\s*)("[^"]*"?|[^\s,;"]+)/gi,
    '$1[redacted]',
  ],
];

/**
 * As {@link escapeRemote}, for the text of an error answer: also takes out what looks like a secret (authorization
 * values, userinfo, query strings, token and password fields) and every string of `known`.
 */
export function redactRemote(text: string, known: readonly string[] = [], max: number = CAP): string {
  let clean = text;
  for (const secret of known) if (secret !== '') clean = clean.replaceAll(secret, '[redacted]');
  // More is not shown anyway, and the patterns need not see it.
  clean = clean.slice(0, max * 8);
  for (const [pattern, replacement] of SECRETS) clean = clean.replace(pattern, replacement);
  return escapeRemote(clean, max);
}
