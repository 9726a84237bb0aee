import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../environment.ts';

/** Files of the `certs.d` directories of docker and the containers tools that are meant for one host. */
export interface HostCertificates {
  /** `*.crt`. */
  readonly authorities: readonly string[];
  /** The first `*.cert` that has a `*.key` of the same name. */
  readonly client: { readonly certificate: string; readonly key: string } | undefined;
}

/**
 * Looks for certificates of a host by its names (`host`, `host:port`): the user's directory first, then
 * `/etc/containers/certs.d` and `/etc/docker/certs.d`. A directory that is not there or not readable has none.
 */
export async function hostCertificates(names: readonly string[], env: Environment['env']): Promise<HostCertificates> {
  const home = env['HOME'];
  const roots = [
    ...(home === undefined ? [] : [join(home, '.config', 'containers', 'certs.d')]),
    '/etc/containers/certs.d',
    '/etc/docker/certs.d',
  ];
  const authorities: string[] = [];
  let client: HostCertificates['client'];
  for (const directory of roots.flatMap((root) => names.map((name) => join(root, name)))) {
    const files = (await readdir(directory).catch(() => [])).sort();
    for (const file of files) {
      if (file.endsWith('.crt')) authorities.push(join(directory, file));
      const key = file.replace(/\.cert$/, '.key');
      if (client === undefined && file.endsWith('.cert') && files.includes(key)) {
        client = { certificate: join(directory, file), key: join(directory, key) };
      }
    }
  }
  return { authorities, client };
}
