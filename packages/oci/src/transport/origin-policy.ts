import { isIP } from 'node:net';
import { ociError } from '../oci-errors.ts';
import { type AddressKind, addressKind, isLoopbackHost } from './addresses.ts';
import { authorityOf, displayUrl, hostOf, type Origin, originOf } from './origin.ts';
import { canonicalRegistry, registryBaseUrl } from './registry-host.ts';
import type { RegistrySettings } from './transport.ts';

/** A registry as the user named it, with what follows from its settings. */
export interface KnownRegistry {
  /** Canonical `host[:port]`. */
  readonly name: string;
  readonly base: URL;
  readonly origin: Origin;
  readonly settings: RegistrySettings;
}

/** Finds settings by canonical `host[:port]`. */
export type SettingsLookup = (registry: string) => RegistrySettings;

/** Settings keyed by every spelling of a registry. Throws `REFERENCE_INVALID` when a key is not `host[:port]`. */
export function settingsLookup(registries: Readonly<Record<string, RegistrySettings>> = {}): SettingsLookup {
  const byName = new Map(Object.entries(registries).map(([name, value]) => [canonicalRegistry(name), value]));
  return (registry) => byName.get(canonicalRegistry(registry)) ?? {};
}

/** What is known about a registry before anything was asked. */
export function knownRegistry(registry: string, settingsOf: SettingsLookup): KnownRegistry {
  const settings = settingsOf(registry);
  const base = registryBaseUrl(registry, settings);
  return { name: canonicalRegistry(registry), base, origin: originOf(base), settings };
}

/**
 * The one place that judges a URL which a server named: redirect, upload location, page link or token realm.
 * Resolves `target` against `from` and refuses other schemes, userinfo, a step from https to http, plain HTTP that no
 * setting allows, and literal addresses that are never dialled for this registry. `zone` is the kind of the address
 * the registry itself was reached at. Names are checked again by {@link addressCheck} when they are connected to.
 * Throws `REGISTRY_REDIRECT_REFUSED`, `REGISTRY_PLAIN_HTTP` or `REGISTRY_ADDRESS_REFUSED`.
 */
export function judgeServerUrl(
  target: string,
  from: URL,
  registry: KnownRegistry,
  zone: AddressKind,
  settingsOf: SettingsLookup,
): URL {
  const url = parseServerUrl(target, from, registry);
  const shown = displayUrl(url);
  if (url.protocol === 'http:' && from.protocol === 'https:') {
    throw refused(registry, `${displayUrl(from)} leads from https to plain http: ${shown}`, url);
  }
  if (originOf(url) === registry.origin) return url;
  if (url.protocol === 'http:' && !allowsPlainHttp(url, registry, settingsOf)) {
    throw ociError('REGISTRY_PLAIN_HTTP', `${registry.name} leads to plain http: ${shown}`, {
      details: { registry: registry.name, url: shown },
      hint: `set registries.${authorityOf(url)}.plainHttp if that host and the network are trusted`,
    });
  }
  if (isIP(hostOf(url)) !== 0) addressCheck(registry, url, zone)(hostOf(url));
  return url;
}

/** A target that must stay on the registry's own origin: upload locations and page links. */
export function judgeOwnUrl(target: string, from: URL, registry: KnownRegistry): URL {
  const url = parseServerUrl(target, from, registry);
  if (originOf(url) !== registry.origin) {
    throw refused(
      registry,
      `${registry.name} leads to another origin: expected ${registry.origin}, found ${originOf(url)}`,
      url,
    );
  }
  return url;
}

/**
 * The check of each resolved address of a host that a server named, run when it is connected to: public ones are
 * fine; private ones when the registry itself was reached at a private one; loopback when the registry is on loopback
 * and the host is written as loopback; link-local, metadata and reserved ones never.
 * Throws `REGISTRY_ADDRESS_REFUSED`.
 */
export function addressCheck(registry: KnownRegistry, url: URL, zone: AddressKind): (address: string) => void {
  const host = hostOf(url);
  return (address) => {
    const kind = addressKind(address);
    if (kind === 'public' || (kind === 'private' && zone === 'private')) return;
    if (kind === 'loopback' && zone === 'loopback' && isLoopbackHost(host)) return;
    const found = isIP(host) === 0 ? `${host} at ${address}` : address;
    const shown = kind === 'never' ? 'link-local or reserved' : kind;
    throw ociError('REGISTRY_ADDRESS_REFUSED', `${registry.name} leads to a ${shown} address: ${found}`, {
      details: { registry: registry.name, host, address, kind },
    });
  };
}

/** The check for a host that the user named: only plain HTTP that nobody asked for has to stay on loopback. */
export function userHostCheck(registry: KnownRegistry): (address: string) => void {
  return (address) => {
    if (registry.base.protocol === 'https:' || registry.settings.plainHttp === true) return;
    if (addressKind(address) === 'loopback') return;
    throw ociError('REGISTRY_PLAIN_HTTP', `${registry.name} is not on loopback: it resolves to ${address}`, {
      details: { registry: registry.name, address },
    });
  };
}

/** Whether plain HTTP to `url` is allowed when `registry` leads there. */
export function allowsPlainHttp(url: URL, registry: KnownRegistry, settingsOf: SettingsLookup): boolean {
  if (settingsOf(authorityOf(url)).plainHttp === true) return true;
  if (registry.base.protocol !== 'http:') return false;
  return registry.settings.plainHttp === true || isLoopbackHost(hostOf(url));
}

function parseServerUrl(target: string, from: URL, registry: KnownRegistry): URL {
  const url = URL.parse(target, from.href);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') {
    throw ociError(
      'REGISTRY_REDIRECT_REFUSED',
      `${registry.name} leads to something that is not an http or https URL`,
      {
        details: { registry: registry.name },
      },
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(registry, `${registry.name} leads to a URL with a user name in it: ${displayUrl(url)}`, url);
  }
  url.hash = '';
  return url;
}

function refused(registry: KnownRegistry, message: string, url: URL): Error {
  return ociError('REGISTRY_REDIRECT_REFUSED', message, { details: { registry: registry.name, url: displayUrl(url) } });
}
