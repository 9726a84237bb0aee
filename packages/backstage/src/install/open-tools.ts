import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lazyTrustRoots, signingTimes } from '@gantry/core';
import {
  dockerCredentials,
  openRepository,
  openTransport,
  originOf,
  parseReference,
  type Transport,
} from '@gantry/oci';
import type { InstallOptions, InstallTools } from './run-context.ts';

/**
 * Opens what images are fetched and judged with. No request yet. Trust roots and signing times are kept in `$GANTRY_HOME`,
 * else in the temporary directory: nothing else outside the plugin root is written.
 */
export function openTools({
  environment,
  registries,
}: Pick<InstallOptions, 'environment' | 'registries'>): InstallTools {
  const { env } = environment;
  const home = env['GANTRY_HOME'] || join(env['TMPDIR'] || tmpdir(), `gantry-${process.getuid?.() ?? 'user'}`);
  const credentials = dockerCredentials(environment);
  const transport = openTransport({ registries, credentials, environment });
  let anonymous: Transport | undefined;
  return {
    openRepository: async (reference) => openRepository(reference, transport),
    hasCredentials: async ({ registry, repository }, op) =>
      (await credentials.credentialFor(originOf(transport.baseUrl(registry)), repository, op)) !== undefined,
    judgeTools: {
      trustRoots: lazyTrustRoots({
        directory: join(home, 'trust'),
        // No credential belongs to a TUF repository.
        transport: () => {
          anonymous ??= openTransport({ registries, environment });
          return anonymous;
        },
        environment,
        offline: false,
      }),
      openRepository: async (name) => openRepository(parseReference(name), transport),
      memory: signingTimes(join(home, 'state', 'signing-times')),
      environment,
    },
    [Symbol.asyncDispose]: async () => {
      await transport[Symbol.asyncDispose]();
      await anonymous?.[Symbol.asyncDispose]();
    },
  };
}
