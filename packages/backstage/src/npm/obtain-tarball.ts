import { downloadTarball } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { type ExpectedHash, registryIntegrity } from './integrity.ts';
import type { NpmConfiguration } from './npm-configuration.ts';
import { credentialOf, withoutUserinfo } from './npm-credentials.ts';
import type { NpmNetwork } from './npm-network.ts';
import type { RegistryPackage } from './package-source.ts';
import { findTarball } from './registry-package.ts';

/** npm's settings and the connections under them. */
export interface NpmWorld {
  readonly configuration: NpmConfiguration;
  readonly network: NpmNetwork;
}

/** What a registry says about a package; nothing for a URL. */
export interface RegistryClaims {
  /** What it claims the hash to be. */
  readonly expected: ExpectedHash | undefined;
  /** The version that it chose. */
  readonly version: string | undefined;
}

/**
 * Downloads a package into `file`, and says what its registry claims about it. Throws what the transport throws,
 * `CONTENT_LIMIT`, `CONTENT_TYPE_MISMATCH`, `CONTENT_ENCODED`.
 */
export async function obtainTarball(
  origin: RegistryPackage | { readonly type: 'url'; readonly url: URL },
  file: string,
  { configuration, network }: NpmWorld,
  op?: Op,
): Promise<RegistryClaims> {
  const { flat } = configuration;
  if (origin.type === 'url') {
    const { url, authorization } = withoutUserinfo(origin.url);
    const shown = authorization ?? credentialOf(flat, url)?.authorization ?? null;
    const transport = await network.transportFor(url);
    await downloadTarball({ url, transport, registry: url.host, authorization: shown, file }, op);
    return { expected: undefined, version: undefined };
  }
  const { url, registry, zone, integrity, version } = await findTarball(origin, configuration, network, op);
  const credential = credentialOf(flat, url, registry);
  // SAFETY A2: another host than the registry's gets nothing, unless .npmrc has a credential for that very host.
  const from = url.origin === registry.origin || credential === undefined ? registry : new URL(url.origin);
  const transport = await network.transportFor(from);
  const authorization = credential?.authorization ?? null;
  await downloadTarball({ url, transport, registry: from.host, namedAt: zone, authorization, file }, op);
  return { expected: registryIntegrity(integrity), version };
}
