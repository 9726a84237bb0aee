import { escapeRemote } from '../escape.ts';
import { unmapAddress } from './addresses.ts';

/** `https://host:port` or `http://host:port`, lower-case, the port always written: the unit of trust for credentials. */
export type Origin = `${'http' | 'https'}://${string}:${number}`;

/** The origin of an http or https URL: IPv4 inside IPv6 unmapped, trailing dot of the host dropped, port written. */
export function originOf(url: URL): Origin {
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  return `${scheme}://${bracketed(hostOf(url))}:${portOf(url)}`;
}

/** The host of a URL in one spelling, IPv6 without brackets. */
export function hostOf(url: URL): string {
  return unmapAddress(url.hostname.replace(/\.$/, ''));
}

/** The port of a URL, the scheme's own when none is written. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'http:' ? 80 : 443;
}

/** `host[:port]` of a URL, the scheme's own port left out, IPv6 in brackets. */
export function authorityOf(url: URL): string {
  const host = bracketed(hostOf(url));
  return url.port === '' ? host : `${host}:${url.port}`;
}

/** How messages and events name a URL: scheme, host and path, without userinfo, query and fragment. */
export function displayUrl(url: URL): string {
  return escapeRemote(`${url.protocol}//${url.host}${url.pathname}`, 512);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
