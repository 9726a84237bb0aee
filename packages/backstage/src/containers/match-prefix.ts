/**
 * How much of a name a prefix of registries.conf takes; undefined when it does not match. `*.example.com` matches every
 * subdomain at any depth, and takes the host. Everything else takes itself, at the end of the name or before `/`, `:` or `@`:
 * so `example.com` matches `example.com:5000` too, as in containers/image.
 */
export function matchPrefix(name: string, prefix: string): number | undefined {
  if (prefix.startsWith('*.')) return matchSubdomain(name, prefix.slice(1));
  return name.startsWith(prefix) && endsPart(name, prefix.length) ? prefix.length : undefined;
}

function matchSubdomain(name: string, suffix: string): number | undefined {
  const at = name.indexOf(suffix);
  if (at < 0 || name.slice(0, at).includes('/')) return undefined;
  const end = at + suffix.length;
  return endsPart(name, end) ? end : undefined;
}

function endsPart(name: string, at: number): boolean {
  return at === name.length || '/:@'.includes(name.charAt(at));
}
