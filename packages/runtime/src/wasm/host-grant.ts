import { isIP } from 'node:net';
import { addressKind, unmapAddress } from '@gantry/oci';
import { runtimeError } from '../runtime-errors.ts';
import { Fault } from './fault.ts';

/** Checks of one plugin's requests against its `hosts` grant. */
export interface HostGrant {
  /**
   * Throws a `RUNTIME_NOT_GRANTED` fault unless the URL may be asked; else returns the check for every address that is
   * about to be dialled for it.
   */
  admit(url: URL): (address: string) => void;
}

const LABEL = '[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?';
const PATTERN = new RegExp(`^(\\*\\.)?${LABEL}(\\.${LABEL})*$`);

/**
 * A grant of host names, IP addresses and `*.name`, which stands for everything below the name and not for itself.
 * A host that is granted by name may have a private address, because its user named it; below a wildcard the plugin
 * chooses the name, and only public addresses are dialled. Link-local and metadata addresses never are.
 * Throws `RUNTIME_GRANT_INVALID` for anything else.
 */
export function openHostGrant(plugin: string, hosts: readonly string[]): HostGrant {
  const named = new Set<string>();
  const below: string[] = [];
  for (const host of hosts) {
    const wanted = canonicalHost(host.toLowerCase());
    if (wanted.startsWith('*.') && PATTERN.test(wanted)) below.push(wanted.slice(1));
    else if (PATTERN.test(wanted) || isIP(wanted) !== 0) named.add(wanted);
    else {
      throw runtimeError('RUNTIME_GRANT_INVALID', `${plugin}: grants.hosts holds something that is no host name`, {
        details: { host },
      });
    }
  }
  return {
    admit(url) {
      const host = canonicalHost(url.hostname);
      const refused = (why: string): Fault =>
        new Fault('RUNTIME_NOT_GRANTED', `sends an HTTP request to ${host}, ${why}`);
      if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused('but not with HTTP');
      if (url.username !== '' || url.password !== '') throw refused('with a credential in the URL');
      const isNamed = named.has(host);
      if (!isNamed && !below.some((suffix) => host.endsWith(suffix))) throw refused('which is not granted');
      return (address) => {
        const kind = addressKind(address);
        if (kind === 'never' || (kind !== 'public' && !isNamed)) {
          throw refused(`which has an address that may not be reached (${kind === 'never' ? 'reserved' : kind})`);
        }
      };
    },
  };
}

/** A host in one spelling: without brackets and trailing dot, IPv4 in IPv6 as IPv4. */
function canonicalHost(host: string): string {
  return unmapAddress(host.replace(/\.$/, ''));
}
