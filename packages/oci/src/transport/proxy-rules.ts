import { BlockList, isIP, isIPv4 } from 'node:net';
import { ociError } from '../oci-errors.ts';
import { isLoopbackHost, unmapAddress } from './addresses.ts';
import { hostOf, portOf } from './origin.ts';

/** A proxy on the way to an origin. */
export interface ProxyRoute {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** `Proxy-Authorization`, for the proxy alone. */
  readonly authorization: string | undefined;
}

/**
 * The proxy for a URL: `HTTPS_PROXY` or `HTTP_PROXY` by its scheme, lower-case names too, unless `NO_PROXY` names the
 * host. Loopback never goes through a proxy; nor does `HTTP_PROXY` count in a CGI process, where a client could set it.
 * Throws `REGISTRY_PROXY` when the variable is not an http or https URL.
 */
export function proxyFor(url: URL, env: Readonly<Record<string, string | undefined>>): ProxyRoute | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const upper = name === 'HTTP_PROXY' && env['REQUEST_METHOD'] !== undefined ? undefined : env[name];
  const value = (upper || env[name.toLowerCase()] || '').trim();
  if (value === '' || isLoopbackHost(hostOf(url))) return undefined;
  if (isExempt(url, env['NO_PROXY'] || env['no_proxy'] || '')) return undefined;
  return parseProxy(value, name);
}

function parseProxy(value: string, name: string): ProxyRoute {
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  const userinfo = url === null ? undefined : userinfoOf(url);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || userinfo === undefined) {
    throw ociError(
      'REGISTRY_PROXY',
      `${name} is not a proxy that can be used: expected http[s]://[user:password@]host:port, percent-encoded`,
      {
        details: { variable: name },
        retryable: false,
      },
    );
  }
  return {
    host: hostOf(url),
    port: portOf(url),
    secure: url.protocol === 'https:',
    authorization: url.username === '' ? undefined : `Basic ${Buffer.from(userinfo).toString('base64')}`,
  };
}

/** `user:password`, decoded; undefined when it is not valid percent-encoding. */
function userinfoOf({ username, password }: URL): string | undefined {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return undefined;
  }
}

/**
 * `NO_PROXY`: entries between commas or spaces, each `*`, an address, a range `address/bits`, or a name, which stands
 * for the names under it too (a leading `.` or `*.` for those alone); any but a range with `:port`.
 */
function isExempt(url: URL, noProxy: string): boolean {
  const host = hostOf(url);
  const port = portOf(url);
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || matches(entry.toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry.includes('/')) return inRange(entry, host);
  const [, name = entry, wantedPort] = /^(\[[^\]]*\]|[^:]*):([0-9]+)$/.exec(entry) ?? [];
  if (wantedPort !== undefined && Number(wantedPort) !== port) return false;
  const canonical = unmapAddress(name.replace(/\.$/, ''));
  if (isIP(canonical) !== 0 || isIP(host) !== 0) return canonical === host;
  const suffix = canonical.replace(/^\*?\./, '');
  return host.endsWith(`.${suffix}`) || (suffix === canonical && host === suffix);
}

function inRange(entry: string, host: string): boolean {
  if (isIP(host) === 0) return false;
  const [written = '', bits = ''] = entry.split('/', 2);
  const network = unmapAddress(written);
  // A range of mapped addresses counts its bits from the start of the IPv6 form.
  const prefix = Number(bits) - (isIPv4(network) && !isIPv4(written) ? 96 : 0);
  const family = isIPv4(network) ? 'ipv4' : 'ipv6';
  if (isIP(network) === 0 || !/^[0-9]{1,3}$/.test(bits) || prefix < 0 || prefix > (family === 'ipv4' ? 32 : 128)) {
    return false;
  }
  const range = new BlockList();
  range.addSubnet(network, prefix, family);
  return range.check(host, isIPv4(host) ? 'ipv4' : 'ipv6');
}
