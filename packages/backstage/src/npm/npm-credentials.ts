/** The settings that credentials and registries are found in. */
type Settings = Readonly<Record<string, unknown>>;

/** Where packages without a scope of their own come from. */
const DEFAULT_REGISTRY = 'https://registry.npmjs.org/';

/** The registry of a scope, or the default one; with a slash at its end. */
export function registryOf(settings: Settings, scope: string | undefined): URL {
  const scoped = scope === undefined ? undefined : settings[`${scope}:registry`];
  const written = textOf(scoped) ?? textOf(settings['registry']) ?? DEFAULT_REGISTRY;
  return new URL(written.endsWith('/') ? written : `${written}/`);
}

/** What is shown to one place: a header, and files for a client certificate. */
export interface NpmCredential {
  readonly authorization: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/**
 * The credential that the settings keep for the place of a URL: under `//host[:port]/path/`, the longest path first, and
 * else the one of `registry` when that is on the same origin. Over plain HTTP only where a configured registry itself is
 * plain: keys have no scheme, and a server must not get at a token by naming an http URL.
 */
export function credentialOf(settings: Settings, url: URL, registry?: URL): NpmCredential | undefined {
  if (url.protocol !== 'https:' && !registries(settings).some(({ origin }) => origin === url.origin)) return undefined;
  const own = credentialAt(settings, url);
  if (own !== undefined || registry === undefined || registry.origin !== url.origin) return own;
  return credentialAt(settings, registry);
}

function credentialAt(settings: Settings, url: URL): NpmCredential | undefined {
  let key = `//${url.host}${url.pathname}`;
  while (key.length > '//'.length) {
    const found = readCredential(settings, key);
    if (found !== undefined) return found;
    // Either what is behind the last slash goes, or the slash: npm takes keys with and without it.
    key = key.replace(/(?:[^/]+|\/)$/, '');
  }
  return undefined;
}

function readCredential(settings: Settings, key: string): NpmCredential | undefined {
  const get = (name: string): string | undefined => textOf(settings[`${key}:${name}`]);
  const [certFile, keyFile] = [get('certfile'), get('keyfile')];
  const pair = certFile !== undefined && keyFile !== undefined;
  const authorization = authorizationFrom(get);
  if (authorization === undefined && !pair) return undefined;
  return { authorization, certFile: pair ? certFile : undefined, keyFile: pair ? keyFile : undefined };
}

function authorizationFrom(get: (name: string) => string | undefined): string | undefined {
  const token = get('_authToken');
  if (token !== undefined) return `Bearer ${token}`;
  const auth = get('_auth');
  if (auth !== undefined) return `Basic ${auth}`;
  const [username, password] = [get('username'), get('_password')];
  if (username === undefined || password === undefined) return undefined;
  const plain = Buffer.from(password, 'base64').toString('utf8');
  return `Basic ${Buffer.from(`${username}:${plain}`).toString('base64')}`;
}

function registries(settings: Settings): URL[] {
  const scopes = Object.keys(settings).filter((key) => key.startsWith('@') && key.endsWith(':registry'));
  return [undefined, ...scopes.map((key) => key.slice(0, -':registry'.length))].map((scope) =>
    registryOf(settings, scope),
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A URL without its userinfo, which goes into a header instead: it must not stand in messages. */
export function withoutUserinfo(url: URL): { readonly url: URL; readonly authorization: string | undefined } {
  if (url.username === '' && url.password === '') return { url, authorization: undefined };
  const userinfo = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return { url: plain, authorization: `Basic ${Buffer.from(userinfo).toString('base64')}` };
}
