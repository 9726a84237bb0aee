import { ociError } from '../oci-errors.ts';
import type { AddressKind } from './addresses.ts';
import { displayUrl, originOf } from './origin.ts';
import { addressCheck, judgeServerUrl, type SettingsLookup, userHostCheck } from './origin-policy.ts';
import type { Hop } from './wire.ts';

/** All that a host which a server named gets to see of a caller's headers: nothing secret, all needed to resume. */
const SHOWN_TO_STRANGERS = ['accept', 'range', 'if-range'];
const KEEPS_METHOD = new Set([307, 308]);

/** The facts a redirect is judged by. */
export interface Redirect {
  readonly method: string;
  readonly status: number;
  /** Redirects followed so far. */
  readonly redirects: number;
  readonly limit: number;
  /** The kind of the address the registry itself was reached at. */
  readonly zone: AddressKind;
  readonly settingsOf: SettingsLookup;
}

/** Statuses that send a request elsewhere. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || KEEPS_METHOD.has(status);
}

/** The caller's headers that may go to a host that a server named. */
export function strangerHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => SHOWN_TO_STRANGERS.includes(name.toLowerCase())),
  );
}

/**
 * The next hop. GET and HEAD may leave the origin; a request that changes something stays on it and only follows 307
 * and 308, which keep its method and body. Throws `REGISTRY_LIMIT`, `REGISTRY_REDIRECT_REFUSED`,
 * `REGISTRY_ADDRESS_REFUSED` or `REGISTRY_PLAIN_HTTP`.
 */
export function followRedirect(from: Hop, location: string, redirect: Redirect): Hop {
  const { registry } = from;
  const { method, status, settingsOf, zone } = redirect;
  if (redirect.redirects >= redirect.limit) {
    throw ociError('REGISTRY_LIMIT', `${registry.name} redirects more than ${redirect.limit} times`, {
      details: { registry: registry.name, limit: redirect.limit },
    });
  }
  const url = judgeServerUrl(location, from.url, registry, zone, settingsOf);
  const own = originOf(url) === registry.origin;
  if (method !== 'GET' && method !== 'HEAD' && !(own && from.trust === 'own' && KEEPS_METHOD.has(status))) {
    throw ociError('REGISTRY_REDIRECT_REFUSED', `${registry.name} redirects a ${method} to ${displayUrl(url)}`, {
      details: { registry: registry.name, url: displayUrl(url), status },
    });
  }
  if (own && from.trust === 'own') return { ...from, url };
  return { url, registry, trust: zone, check: own ? userHostCheck(registry) : addressCheck(registry, url, zone) };
}
