import { configFault, shown } from './config-fault.ts';
import type { PackageSource, PluginEntry } from './plugin-entry.ts';

const EXACT_NPM = /^(?:[^@]+@npm:)?(?:@([^/@\s]+)\/)?([^/@:\s]+)@v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/;

/** The name of the directory that a package becomes in the root, where the package alone says it. */
export function knownDirectory(source: PackageSource): string | undefined {
  if (source.type === 'oci') return source.path;
  const [, scope, name, version] = (source.type === 'npm' && EXACT_NPM.exec(source.spec)) || [];
  return name === undefined ? undefined : `${scope === undefined ? '' : `${scope}-`}${name}-${version}`;
}

/** Throws `CONFIG_PLUGIN_DUPLICATE` when two enabled plugins would be installed into one directory. */
export function refuseSharedDirectories(plugins: readonly PluginEntry[]): void {
  const owners = new Map<string, PluginEntry>();
  for (const plugin of plugins) {
    const directory = plugin.enabled ? knownDirectory(plugin.source) : undefined;
    if (directory === undefined) continue;
    const owner = owners.get(directory);
    if (owner !== undefined) throw sharedDirectory(directory, owner, plugin);
    owners.set(directory, plugin);
  }
}

function sharedDirectory(directory: string, first: PluginEntry, second: PluginEntry): Error {
  const [place, other] = [second.origins.get('package'), first.origins.get('package')];
  const where = other === undefined ? '' : ` (${shown(other.file)}:${other.line})`;
  const message =
    `two plugins would be installed into the directory ${shown(directory)}: ` +
    `${shown(first.package)}${where} and ${shown(second.package)}`;
  return configFault('CONFIG_PLUGIN_DUPLICATE', message, place ?? { file: 'dynamic-plugins.yaml', line: 1, column: 1 });
}
