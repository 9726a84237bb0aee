/** One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1). Scheme and parameter names lower-case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const SEPARATORS = /[\s,]*/y;
const SCHEME = new RegExp(`${TOKEN}(?=[\\s,]|$)`, 'y');
const PARAMETER = new RegExp(
  `[\\s,]*(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"=]+))[ \\t]*(?=,|$)`,
  'y',
);
const TOKEN68 = /[ \t]+[0-9A-Za-z._~+/-]+=*[ \t]*(?=,|$)/y;

/**
 * The challenges of all `WWW-Authenticate` headers of an answer, in order; several in one header are fine. Reading a
 * header stops at what is malformed. The first value of a repeated parameter counts.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap(parseHeader);
}

function parseHeader(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    take(SEPARATORS);
    const scheme = take(SCHEME)?.[0];
    if (scheme === undefined) return challenges;
    const parameters = new Map<string, string>();
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
    if (take(TOKEN68) !== null) continue;
    for (let match = take(PARAMETER); match !== null; match = take(PARAMETER)) {
      const [, name = '', quoted, bare = ''] = match;
      const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1');
      if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value);
    }
  }
}
