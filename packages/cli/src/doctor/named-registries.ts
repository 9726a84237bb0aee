import { isGantryError, parseReference } from '@gantry/oci';
import type { Settings } from '../app/settings.ts';

/** The registries that matter here, as `host[:port]`, sorted. */
export interface NamedRegistries {
  /** Those of plugins, and those that gantry.yaml has settings for. */
  readonly registries: readonly string[];
  /** Those asked before them. */
  readonly mirrors: readonly string[];
}

/** The registries that gantry.yaml and the sources of plugins name. */
export function namedRegistries({ configuration }: Settings, sources: readonly string[]): NamedRegistries {
  const settings = configuration.registries;
  const registries = new Set([...sources.flatMap(registryOf), ...Object.keys(settings)]);
  const mirrors = Object.values(settings).flatMap((one) => one.mirrors ?? []);
  const hosts = new Set(mirrors.map((mirror) => mirror.split('/', 1)[0] ?? mirror));
  return {
    registries: [...registries].sort(),
    mirrors: [...hosts].filter((host) => !registries.has(host)).sort(),
  };
}

/** Nothing for what is in no registry, or is no reference: that is found where it is resolved. */
function registryOf(source: string): string[] {
  try {
    const reference = parseReference(source);
    return reference.kind === 'registry' ? [reference.registry] : [];
  } catch (error) {
    if (isGantryError(error)) return [];
    throw error;
  }
}
