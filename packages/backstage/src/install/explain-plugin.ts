import { resolve } from 'node:path';
import type { Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { shown, withoutSecrets } from '../config/config-fault.ts';
import { explainValue, type ValueExplanation } from '../config/explain-value.ts';
import type { CatalogDefault } from '../images/catalog-index.ts';
import { type InstalledDirectory, openDynamicRoot } from '../root/open-root.ts';
import { installSettings } from './install-settings.ts';
import { indexInstalled } from './installed-plugins.ts';
import { loadConfiguration } from './load-configuration.ts';
import { silentLog } from './log-sink.ts';
import type { InstallOptions } from './run-context.ts';

/** Where what there is about a plugin, or about a key of the configuration of plugins, comes from. */
export interface Explanation extends ValueExplanation {
  /** The directories of these plugins in the root, as far as they are installed. */
  readonly installed: readonly InstalledDirectory[];
}

/** What is installed in a root, by name of the directory. Takes no lock and changes nothing. */
export function listDynamicPlugins(
  { root, directory, environment }: Pick<InstallOptions, 'root' | 'directory' | 'environment'>,
  op?: Op,
): readonly InstalledDirectory[] {
  return openDynamicRoot(resolve(directory, root), { environment, log: silentLog }).installed(op);
}

/**
 * Explains what dynamic-plugins.yaml and its includes say about a plugin, named by its key, package, image or directory, or
 * about a key of pluginConfig. Asks nobody: a directory inside an image is known when it is installed, and the catalog index
 * is the one that was kept. Throws `CONFIG_PLUGIN_UNKNOWN` when there is nothing of that name, and what reading throws.
 */
export async function explainPlugin(
  options: Pick<InstallOptions, 'root' | 'directory' | 'environment'>,
  asked: string,
  op?: Op,
): Promise<Explanation> {
  const { directory, environment } = options;
  const root = resolve(directory, options.root);
  const installed = indexInstalled(listDynamicPlugins(options, op));
  const { catalogIndex, skipIntegrity } = installSettings(environment.env, silentLog, op);
  const catalogDefault = catalogIndex === undefined ? undefined : await keptDefault(catalogIndex, root, op);
  const askPaths = async (image: string): Promise<never> => {
    throw backstageError('CONFIG_PLUGIN_PATH', `${shown(image)} is not installed, so it is not known what it holds`, {
      hint: 'install it first',
    });
  };
  const reader = { directory, catalogDefault, skipIntegrity, installed, askPaths };
  const { loaded } = await loadConfiguration(reader, new Set(), silentLog, op);
  const explanation = loaded.state === 'loaded' ? explainValue(loaded, asked) : { plugins: [], dropped: [] };
  const packages = new Set(explanation.plugins.map((plugin) => withoutSecrets(plugin.package)));
  const directories = installed.all.filter(
    ({ name, state }) => name === asked || (state !== undefined && packages.has(state.package)),
  );
  if (explanation.plugins.length + explanation.dropped.length + directories.length === 0) {
    const failed = loaded.state === 'loaded' ? loaded.failures.find(({ package: name }) => name === asked) : undefined;
    if (failed !== undefined) throw failed.error;
    throw backstageError(
      'CONFIG_PLUGIN_UNKNOWN',
      `nothing in dynamic-plugins.yaml or the root is called ${shown(asked)}`,
    );
  }
  return { ...explanation, installed: directories };
}

/** The default file of a catalog index as the last run kept it. */
async function keptDefault(written: string, root: string, op?: Op): Promise<CatalogDefault | undefined> {
  const { DEFAULT_FILE, openKeptIndexes } = await import('../images/kept-indexes.ts');
  const kept = openKeptIndexes(root, () => {});
  const index = kept.read(written.replace(/^(?:docker|oci):\/\//, ''), op);
  return index && { file: await kept.writeDefault(index), shownAs: `${written}/${DEFAULT_FILE}` };
}
