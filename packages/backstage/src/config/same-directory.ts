import { resolve } from 'node:path';
import { isGantryError, type Op } from '@gantry/oci';
import { packDirectoryName, readManifest } from '../npm/package-manifest.ts';
import { configFault, placeText, shown } from './config-fault.ts';
import type { Origin } from './origin.ts';
import type { PackageSource, PluginEntry } from './plugin-entry.ts';

/** A version of a package, under its own name or another one. */
const EXACT_NPM = /^(?:[^@]+@npm:)?((?:@[^/@\s]+\/)?[^/@:\s]+)@[v=\s]*(\d[^\s]*)$/;

/** The name of the directory that a package becomes in the root, where the package alone says it. */
export function knownDirectory(source: PackageSource): string | undefined {
  if (source.type === 'oci') return source.path;
  const [, name, version] = (source.type === 'npm' && EXACT_NPM.exec(source.spec)) || [];
  return packDirectoryName(name, version);
}

/**
 * Throws `CONFIG_PLUGIN_DUPLICATE` when two enabled plugins would be installed into one directory, as far as that is known
 * without any request. `directory` is what `./…` counts from.
 */
export async function refuseSharedDirectories(
  plugins: readonly PluginEntry[],
  directory: string,
  op?: Op,
): Promise<void> {
  const owners = new Map<string, PluginEntry>();
  for (const plugin of plugins) {
    const name = plugin.enabled ? await directoryOf(plugin.source, directory, op) : undefined;
    if (name === undefined) continue;
    const owner = owners.get(name);
    if (owner !== undefined) throw sharedDirectory(name, owner, plugin);
    owners.set(name, plugin);
  }
}

async function directoryOf(source: PackageSource, directory: string, op?: Op): Promise<string | undefined> {
  if (source.type !== 'local') return knownDirectory(source);
  try {
    return (await readManifest(resolve(directory, source.directory), shown(source.directory), op)).directoryName;
  } catch (error) {
    // What is wrong with the package is said when it is installed, if it is.
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

const UNKNOWN: Origin = { file: 'dynamic-plugins.yaml', line: 1, column: 1 };

function sharedDirectory(name: string, first: PluginEntry, second: PluginEntry): Error {
  const [place, other] = [second, first].map(({ origins }) => origins.get('package') ?? UNKNOWN);
  const message =
    `two plugins would be installed into the directory ${shown(name)}: ` +
    `${shown(first.package)}${placeText(other ?? UNKNOWN)} and ${shown(second.package)}`;
  return configFault('CONFIG_PLUGIN_DUPLICATE', message, place ?? UNKNOWN);
}
