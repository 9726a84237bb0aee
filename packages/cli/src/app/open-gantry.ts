import { type Gantry, type InstallRequest, openGantry } from '@gantry/core';
import { dockerCredentials, isGantryError, parsePlatform, parseReference } from '@gantry/oci';
import type { Context } from '../context.ts';
import { directories } from './directories.ts';
import { environmentOf } from './environment.ts';
import { pluginDirectory, type RootFlags } from './plugins.ts';
import { type RegistryFlags, registriesOf, registrySettings } from './registries.ts';
import type { Settings } from './settings.ts';

/** Flags of verbs that bring plugins here. */
export interface AcquireFlags extends RegistryFlags, RootFlags {
  readonly platform?: string;
  readonly allowUnsigned?: boolean;
}

/** Opens the whole road for an operation on the given sources; `--plain-http` and `--ca-file` are about their registries. */
export function openGantryFor(
  context: Context,
  settings: Settings,
  flags: AcquireFlags,
  sources: readonly string[],
): Gantry {
  const environment = environmentOf(context.io);
  const places = directories(context.io);
  return openGantry({
    home: places.plugins,
    plugins: pluginDirectory(context, flags),
    store: places.store,
    state: places.state,
    trust: places.trust,
    policy: settings.configuration.policy,
    registries: registrySettings(context, settings, flags, registriesNamed(sources)),
    credentials: dockerCredentials(environment),
    offline: flags.offline === true,
    environment,
  });
}

/** What the user asks for with a source on the command line. */
export function requestFor(context: Context, source: string, flags: AcquireFlags): InstallRequest {
  return { source, base: context.io.cwd, ...platformAndConsent(flags) };
}

/** What `--platform` and `--allow-unsigned` add to a request. */
export function platformAndConsent(flags: AcquireFlags): Pick<InstallRequest, 'platform' | 'allowUnsigned'> {
  return {
    ...(flags.platform !== undefined && { platform: parsePlatform(flags.platform) }),
    ...(flags.allowUnsigned === true && { allowUnsigned: true }),
  };
}

/** The registries among sources; what is no reference is a path or URL, or is reported when it is resolved. */
function registriesNamed(sources: readonly string[]): string[] {
  return sources.flatMap((source) => {
    try {
      return registriesOf([parseReference(source)]);
    } catch (error) {
      if (isGantryError(error)) return [];
      throw error;
    }
  });
}
