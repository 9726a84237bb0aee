import { join } from 'node:path';
import { lazyTrustRoots, signingTimes } from '@gantry/core';
import { openTransport, type Transport } from '@gantry/oci';
import { openContainers } from '../containers/open-containers.ts';
import { imageReference } from '../images/resolve-image.ts';
import type { InstallOptions, InstallTools } from './run-context.ts';
import { openTrustHome } from './trust-home.ts';

/**
 * Opens what images are fetched and judged with: registries and what may come from them as gantry.yaml and the files of the
 * containers tools describe it. No request yet. With trust entries, trust roots and signing times are kept where
 * {@link openTrustHome} says: nothing else outside the plugin root is written.
 */
export function openTools({
  environment,
  registries,
  policy,
  log,
}: Pick<InstallOptions, 'environment' | 'registries' | 'policy' | 'log'>): InstallTools {
  // Without trust entries nothing is judged, and nothing kept.
  const home = policy.lists.length === 0 ? undefined : openTrustHome(environment, log);
  const directory = home?.directory ?? '';
  const opened = openContainers({ environment, settings: registries });
  let anonymous: Transport | undefined;
  return {
    openRepository: opened.openRepository,
    hasCredentials: opened.hasCredentials,
    enforce: opened.enforce,
    judgeTools: {
      trustRoots: lazyTrustRoots({
        directory: join(directory, 'trust'),
        // No credential belongs to a TUF repository.
        transport: () => {
          anonymous ??= openTransport({ registries, environment });
          return anonymous;
        },
        environment,
        offline: false,
      }),
      openRepository: (name, op) => opened.openRepository(imageReference(name, op), op),
      memory: signingTimes(join(directory, 'state', 'signing-times')),
      environment,
    },
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await anonymous?.[Symbol.asyncDispose]();
      home?.[Symbol.dispose]();
    },
  };
}
