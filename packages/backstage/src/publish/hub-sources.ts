import type { Op } from '@gantry/oci';
import { type Images, openImages } from '../images/open-images.ts';
import { type InstallSettings, installSettings } from '../install/install-settings.ts';
import { openTools } from '../install/open-tools.ts';
import type { InstallOptions } from '../install/run-context.ts';
import { openTarballs, type Tarballs } from '../npm/open-tarballs.ts';

/** What is known of a place where Developer Hub is configured: all that an installation there would know but its root. */
export type HubOptions = Pick<
  InstallOptions,
  'directory' | 'environment' | 'policy' | 'settings' | 'registries' | 'log'
>;

/** Where packages come from, by the road that an installation takes: trust, registries.conf, policy.json, .npmrc. */
export interface HubSources extends AsyncDisposable {
  readonly variables: InstallSettings;
  readonly images: Images;
  readonly tarballs: Tarballs;
}

/** Opens them. Nobody is asked before the first package. */
export function openHubSources(options: HubOptions, op?: Op): HubSources {
  const { directory, environment, log } = options;
  const { strictFallback = false, platform } = options.settings;
  const variables = installSettings(environment.env, log, op);
  const tools = openTools(options);
  const tarballs = openTarballs({ directory, environment });
  const images = openImages({
    ...tools,
    policy: options.policy,
    ...(platform !== undefined && { platform }),
    maxEntryBytes: variables.maxEntryBytes,
    remembered: () => undefined,
    strictFallback,
    log,
  });
  return {
    variables,
    images,
    tarballs,
    [Symbol.asyncDispose]: async () => {
      await tarballs[Symbol.asyncDispose]();
      await tools[Symbol.asyncDispose]();
    },
  };
}
