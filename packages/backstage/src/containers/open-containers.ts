import type { ResolvedPlugin } from '@gantry/core';
import type { Environment, Op, RegistryReference, RegistrySettings, Repository } from '@gantry/oci';
import { type ContainersPlaces, containersPlaces } from './containers-places.ts';
import { enforcePolicy } from './enforce-policy.ts';
import { openGpgSignatures } from './gpg-signatures.ts';
import { loadPolicy } from './load-policy.ts';
import { openLookasides } from './lookaside.ts';
import { openRegistries } from './open-registries.ts';
import type { ContainersPolicy } from './policy.ts';

/** Options of {@link openContainers}. */
export interface ContainersOptions {
  readonly environment: Environment;
  /** `registries` of gantry.yaml. Default: none. */
  readonly settings?: Readonly<Record<string, RegistrySettings>>;
  /** Where the files are. Default: where containers/image has them. */
  readonly places?: Partial<ContainersPlaces>;
}

/** Images as the containers tools of this machine would fetch and judge them. */
export interface Containers extends AsyncDisposable {
  /** A repository read from where registries.conf says, mirrors first. Throws `CONFIG_CONTAINERS`, `REGISTRY_BLOCKED`. */
  openRepository(reference: RegistryReference, op?: Op): Promise<Repository>;
  /** Whether there are credentials for a place of an image. Throws `CONFIG_CONTAINERS`, `REGISTRY_CREDENTIALS`. */
  hasCredentials(reference: RegistryReference, op?: Op): Promise<boolean>;
  /**
   * Refuses what policy.json does not accept. Where there is no such file nothing is asked; trust entries of gantry.yaml are
   * judged elsewhere, and both have to accept. Throws `POLICY_*`, `SIGNATURE_*`, `REGISTRY_*`, and `CONFIG_CONTAINERS` for a
   * policy.json that cannot be read.
   */
  enforce(plugin: ResolvedPlugin, op?: Op): Promise<void>;
}

/** Opens them for one run. Each file is read when it is first needed, and once. */
export function openContainers({ environment, settings = {}, places }: ContainersOptions): Containers {
  const around = { places: { ...containersPlaces(environment.env), ...places }, environment, settings };
  const registries = openRegistries(around);
  const lookasides = openLookasides(around);
  const gpg = openGpgSignatures(environment);
  const tools = { gpg, lookasides, places: registries.places, now: () => environment.now() };
  let policy: { readonly found: ContainersPolicy | undefined } | undefined;
  return {
    openRepository: registries.openRepository,
    hasCredentials: registries.hasCredentials,
    enforce: async (plugin, op) => {
      policy ??= { found: loadPolicy(around.places, op) };
      if (policy.found !== undefined) await enforcePolicy(policy.found, plugin, tools, op);
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of [registries, lookasides, gpg]) await one[Symbol.asyncDispose]();
    },
  };
}
