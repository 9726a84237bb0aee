import { isIP } from 'node:net';
import { ociError } from '../oci-errors.ts';
import type { AddressKind } from '../transport/addresses.ts';
import { authorityOf, displayUrl, hostOf, originOf } from '../transport/origin.ts';
import {
  addressCheck,
  allowsPlainHttp,
  type KnownRegistry,
  type SettingsLookup,
  userHostCheck,
} from '../transport/origin-policy.ts';
import { canonicalRegistry } from '../transport/registry-host.ts';
import type { Hop } from '../transport/wire.ts';

/** Public registries whose token service is known to live elsewhere. */
const KNOWN_TOKEN_HOSTS: Readonly<Record<string, string>> = {
  'docker.io': 'auth.docker.io',
  'registry.gitlab.com': 'gitlab.com',
};

/**
 * Judges the token service that a challenge names. A credential goes to the registry's own origin, to the built-in
 * host of a public registry, or to one of its `tokenHosts`; a request without one goes to any https host. Plain HTTP
 * only where the registry itself is plain HTTP; `zone` is the kind of address the registry was reached at.
 * Throws `REGISTRY_REALM_REFUSED`, whose `details.tokenHost` is what `tokenHosts` misses, or `REGISTRY_ADDRESS_REFUSED`.
 */
export function judgeRealm(
  realm: string,
  registry: KnownRegistry,
  zone: AddressKind,
  credentialed: boolean,
  settingsOf: SettingsLookup,
): Hop {
  const url = URL.parse(realm);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username + url.password !== '') {
    throw ociError(
      'REGISTRY_REALM_REFUSED',
      `${registry.name} names a token service that is no plain http or https URL`,
      {
        details: { registry: registry.name },
        hint: 'the registry is misconfigured; ask its operator',
      },
    );
  }
  url.hash = '';
  if (originOf(url) === registry.origin) {
    return { url, registry, trust: 'own', check: userHostCheck(registry) };
  }
  refusePlainHttp(url, registry, settingsOf);
  if (isListed(url, registry)) return { url, registry, trust: 'listed', check: () => {} };
  if (credentialed && !isBuiltIn(url, registry)) {
    const tokenHost = authorityOf(url);
    throw ociError(
      'REGISTRY_REALM_REFUSED',
      `${registry.name} wants its credential sent to the token service ${displayUrl(url)}, which is not allowed`,
      {
        details: { registry: registry.name, tokenHost },
        hint: `if that is right, add ${tokenHost} to registries.${registry.name}.tokenHosts in gantry.yaml`,
      },
    );
  }
  const check = addressCheck(registry, url, zone);
  if (isIP(hostOf(url)) !== 0) check(hostOf(url));
  return { url, registry, trust: zone, check };
}

function refusePlainHttp(url: URL, registry: KnownRegistry, settingsOf: SettingsLookup): void {
  if (url.protocol === 'https:') return;
  if (registry.base.protocol === 'http:' && allowsPlainHttp(url, registry, settingsOf)) return;
  throw ociError(
    'REGISTRY_REALM_REFUSED',
    `${registry.name} names a token service over plain http: ${displayUrl(url)}`,
    {
      details: { registry: registry.name },
      hint: 'a token service must speak https; ask the operator of the registry',
    },
  );
}

function isListed(url: URL, registry: KnownRegistry): boolean {
  const hosts = registry.settings.tokenHosts ?? [];
  // `canonicalRegistry` knows port 443 as the one to leave out; a plain service on port 80 is written without one too.
  return hosts.some((host) => canonicalRegistry(host) === canonicalRegistry(authorityOf(url)));
}

function isBuiltIn(url: URL, registry: KnownRegistry): boolean {
  return url.protocol === 'https:' && KNOWN_TOKEN_HOSTS[registry.name] === authorityOf(url);
}
