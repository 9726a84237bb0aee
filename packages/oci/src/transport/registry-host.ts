import { ociError } from '../oci-errors.ts';
import { withoutSecrets } from '../reference-fault.ts';
import { isLoopbackHost } from './addresses.ts';
import { authorityOf } from './origin.ts';
import type { RegistrySettings } from './transport.ts';

const DOCKER_HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']);
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(?::([0-9]{1,5}))?$/;

/**
 * One spelling for a registry: `host[:port]`, lower-case, port 443 and a trailing dot dropped, every name of Docker Hub
 * as `docker.io`. Settings, credentials and tokens are found by it, always compared whole.
 * Throws `REFERENCE_INVALID` for anything but a host with an optional port.
 */
export function canonicalRegistry(registry: string): string {
  const url = AUTHORITY.test(registry) ? URL.parse(`https://${registry}`) : null;
  if (url === null) {
    throw ociError('REFERENCE_INVALID', `${withoutSecrets(registry)} is not a registry: expected host or host:port`);
  }
  const authority = authorityOf(url);
  return DOCKER_HUB.has(authority) ? 'docker.io' : authority;
}

/**
 * Where a registry's API is. `plainHttp` decides the scheme when it is set. Without it everything is https, but for
 * a loopback registry (`localhost`, 127.0.0.0/8, ::1, spelled so): that is http, unless a CA file or a client
 * certificate is configured for it.
 */
export function registryBaseUrl(registry: string, settings: RegistrySettings): URL {
  const canonical = canonicalRegistry(registry);
  if (canonical === 'docker.io') return new URL('https://registry-1.docker.io');
  return new URL(`${speaksPlainHttp(registry, settings) ? 'http' : 'https'}://${registry}`);
}

function speaksPlainHttp(registry: string, settings: RegistrySettings): boolean {
  if (settings.plainHttp !== undefined) return settings.plainHttp;
  if (settings.caFile !== undefined || settings.clientCertFile !== undefined) return false;
  return isLoopbackHost(registry.replace(/:[0-9]+$/, ''));
}
