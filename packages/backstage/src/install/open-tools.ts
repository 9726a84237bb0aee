import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lazyTrustRoots, signingTimes } from '@gantry/core';
import { openTransport, type Transport } from '@gantry/oci';
import { openContainers } from '../containers/open-containers.ts';
import { imageReference } from '../images/resolve-image.ts';
import type { InstallOptions, InstallTools } from './run-context.ts';

/**
 * Opens what images are fetched and judged with: registries and what may come from them as gantry.yaml and the files of the
 * containers tools describe it. No request yet. Trust roots and signing times are kept in `$GANTRY_HOME`, else in the temporary directory: nothing
 * else outside the plugin root is written.
 */
export function openTools({
  environment,
  registries,
}: Pick<InstallOptions, 'environment' | 'registries'>): InstallTools {
  const { env } = environment;
  const home = env['GANTRY_HOME'] || join(env['TMPDIR'] || tmpdir(), `gantry-${process.getuid?.() ?? 'user'}`);
  const opened = openContainers({ environment, settings: registries });
  let anonymous: Transport | undefined;
  return {
    openRepository: opened.openRepository,
    hasCredentials: opened.hasCredentials,
    enforce: opened.enforce,
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
      openRepository: (name, op) => opened.openRepository(imageReference(name, op), op),
      memory: signingTimes(join(home, 'state', 'signing-times')),
      environment,
    },
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await anonymous?.[Symbol.asyncDispose]();
    },
  };
}
