/**
 * The target of the first `rel="next"` link of a Link header (RFC 8288), as written. Undefined when there is none or the
 * header is not well formed. Takes time linear in the header, whose length the caller limits.
 */
export function nextLink(header: string): string | undefined {
  let at = 0;
  while (at < header.length) {
    const open = header.indexOf('<', at);
    const close = open < 0 ? -1 : header.indexOf('>', open);
    if (close < 0) return undefined;
    const parameters = readParameters(header, close + 1);
    if (parameters.isNext) return header.slice(open + 1, close);
    at = parameters.end;
  }
  return undefined;
}

/** Reads `; name=value` up to the comma that ends the link; a comma within quotes does not. */
function readParameters(header: string, start: number): { readonly isNext: boolean; readonly end: number } {
  let end = start;
  let quoted = false;
  while (end < header.length && (quoted || header[end] !== ',')) {
    if (quoted && header[end] === '\\') end += 1;
    else if (header[end] === '"') quoted = !quoted;
    end += 1;
  }
  const isNext = header
    .slice(start, end)
    .split(';')
    .some((parameter) => {
      const [name = '', value = ''] = parameter.split('=', 2);
      return name.trim().toLowerCase() === 'rel' && relations(value).includes('next');
    });
  return { isNext, end: end + 1 };
}

function relations(value: string): readonly string[] {
  const bare = value.trim();
  const unquoted = bare.startsWith('"') && bare.endsWith('"') ? bare.slice(1, -1) : bare;
  return unquoted.toLowerCase().split(' ');
}
