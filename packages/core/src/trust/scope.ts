/**
 * Scopes of trust entries: prefixes of the name that the user wrote, cut at path boundaries. `ghcr.io/acme` and
 * `ghcr.io/acme/` both cover `ghcr.io/acme/tool`; neither covers `ghcr.io/acme-evil/tool` nor `ghcr.io:8443/acme/tool`.
 */

/** Before the names of npm packages; alone it is the scope of all of them. */
const NPM = 'npm:';
const NPM_SCOPE = /^npm:(?:@[\w~-][\w.~-]*(?:\/(?:[\w~-][\w.~-]*)?)?|[\w~-][\w.~-]*)?$/;

/** Whether a name lies in a scope. Exact text, no patterns. */
export function scopeCovers(scope: string, name: string): boolean {
  if (scope === name) return true;
  if (scope === NPM) return name.startsWith(NPM);
  return name.startsWith(scope.endsWith('/') ? scope : `${scope}/`);
}

/**
 * Writes a scope as names are written, so that exact comparison is right: the host in lower case, Docker Hub as
 * `docker.io`, URLs as URLs are normalised. Undefined when the text can match no name.
 */
export function normaliseScope(text: string): string | undefined {
  if (text === '' || /[\s\x00-\x1f\x7f]/.test(text)) return undefined;
  if (text.startsWith('https://')) return normaliseUrlScope(text);
  if (text.startsWith(NPM)) return NPM_SCOPE.test(text) ? text : undefined;
  if (text.startsWith('file:/') || text.startsWith('oci-layout:/')) return text;
  const bare = text.startsWith('oci://') ? text.slice('oci://'.length) : text;
  if (/^[a-z-]+:\/\/|^\/|\/\/|[@?#*!]/i.test(bare) || bare === '') return undefined;
  const slash = bare.indexOf('/');
  const host = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase();
  const rest = slash < 0 ? '' : bare.slice(slash);
  if (rest !== rest.toLowerCase() || rest.includes(':')) return undefined;
  return `${host === 'index.docker.io' ? 'docker.io' : host}${rest}`;
}

function normaliseUrlScope(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return undefined;
  return url.href;
}
