import { join, resolve } from 'node:path';
import type { Op } from '@gantry/oci';
import type { LogSink } from '../install/log-sink.ts';
import type { YamlEntry } from '../yaml/yaml-value.ts';
import { configFault, shown } from './config-fault.ts';
import { detectEntryPaths, type PathDetector } from './detect-paths.ts';
import { type DroppedEntry, dropDisabledImages } from './disabled-images.ts';
import { finishEntry } from './finish-entry.ts';
import { mergeEntries } from './merge-entries.ts';
import type { DynamicPlugins } from './plugin-entry.ts';
import { isPluginFile, type PluginFile, readPluginFile } from './read-plugin-file.ts';
import { resolveNames } from './resolve-names.ts';
import { refuseSharedDirectories } from './same-directory.ts';
import { readEntries, type WrittenEntry } from './written-entry.ts';

/** Name of the configuration, in the working directory. */
export const CONFIGURATION_FILE = 'dynamic-plugins.yaml';
/** The include that a catalog index takes the place of. */
const EMBEDDED_DEFAULT = 'dynamic-plugins.default.yaml';

/** What {@link loadDynamicPlugins} needs. */
export interface LoadOptions {
  /** Absolute path of the directory that `dynamic-plugins.yaml` is in, and that includes are relative to. */
  readonly directory: string;
  /** The default file of a catalog index: it stands in for the include `dynamic-plugins.default.yaml`. */
  readonly catalogDefault?: { readonly file: string; readonly shownAs: string };
  readonly detectPaths: PathDetector;
  /** `SKIP_INTEGRITY_CHECK` is set: said at the same moment as the original does. Default false. */
  readonly skipIntegrity?: boolean;
  readonly log: LogSink;
}

/** What the configuration asks for, and what became of each entry in it. */
export interface LoadedPlugins extends DynamicPlugins {
  readonly state: 'loaded';
  /** By key: the entries that were merged, in their order. */
  readonly merged: ReadonlyMap<string, readonly WrittenEntry[]>;
  /** Entries whose image is switched off as a whole: no plugins at all. */
  readonly dropped: readonly DroppedEntry[];
}

/** What there is in the directory. `missing` and `empty` have been said in the log. */
export type LoadedConfiguration = { readonly state: 'missing' | 'empty' } | LoadedPlugins;

/**
 * Reads dynamic-plugins.yaml and what it includes, as the original does: names are resolved, images that are switched off
 * are left out, directories that are not named are asked for, entries are merged. An image that cannot be asked is a
 * failure of its entry. Throws `CONFIG_DYNAMIC_PLUGINS`, `CONFIG_PLUGIN_DUPLICATE`, `CONFIG_PLUGIN_PATH` and
 * `CONFIG_GIT_PACKAGE` with file, line and key, and what `detectPaths` throws that is not about one image.
 */
export async function loadDynamicPlugins(options: LoadOptions, op?: Op): Promise<LoadedConfiguration> {
  const { log } = options;
  const main: PluginFile = { path: join(options.directory, CONFIGURATION_FILE), shownAs: CONFIGURATION_FILE };
  if (!isPluginFile(main)) {
    log.line(`No ${CONFIGURATION_FILE} file found. Skipping dynamic plugins installation.`);
    return { state: 'missing' };
  }
  const content = readPluginFile(main, log, op);
  if (content === undefined) {
    log.line(`${CONFIGURATION_FILE} file is empty. Skipping dynamic plugins installation.`);
    return { state: 'empty' };
  }
  if (content.type !== 'map') {
    throw configFault('CONFIG_DYNAMIC_PLUGINS', `${CONFIGURATION_FILE} content must be a YAML object`, content.origin);
  }
  if (options.skipIntegrity === true) {
    log.line('SKIP_INTEGRITY_CHECK has been set to True, skipping integrity check of remote NPM packages');
  }
  const included = includedFiles(content.entries.get('includes'), options).flatMap((file) =>
    readInclude(file, log, op),
  );
  const plugins = content.entries.get('plugins');
  const own = plugins === undefined ? [] : readEntries(plugins, CONFIGURATION_FILE, 1, log);
  const { entries, dropped } = dropDisabledImages(resolveNames([...included, ...own], log), log);
  const detected = await detectEntryPaths(entries, options.detectPaths, log, op);
  const merged = mergeEntries(entries, detected, log);
  const finished = [...merged.plugins.values()].map(finishEntry);
  await refuseSharedDirectories(finished, options.directory, op);
  return {
    state: 'loaded',
    plugins: finished,
    failures: merged.failures.map(({ entry, error }) => ({ package: entry.package, origin: entry.place, error })),
    merged: new Map([...merged.plugins].map(([key, plugin]) => [key, plugin.entries])),
    dropped,
  };
}

function includedFiles(includes: YamlEntry | undefined, options: LoadOptions): readonly PluginFile[] {
  if (includes === undefined) return [];
  const inMain = `in ${CONFIGURATION_FILE}`;
  if (includes.value.type !== 'list') {
    const message = `content of the 'includes' field must be a list ${inMain}`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, { ...includes.origin, key: 'includes' });
  }
  const files = includes.value.items.map((item, index): PluginFile => {
    if (item.type === 'string') return { path: resolve(options.directory, item.value), shownAs: item.value };
    const message = `content of the 'includes' field must be a list of strings ${inMain}`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, { ...item.origin, key: `includes[${index}]` });
  });
  const index = options.catalogDefault && files.findIndex(({ shownAs }) => shownAs === EMBEDDED_DEFAULT);
  if (options.catalogDefault === undefined || index === undefined || index < 0) return files;
  const { file, shownAs } = options.catalogDefault;
  options.log.line(`\n======= Replacing ${EMBEDDED_DEFAULT} with catalog index: ${shown(shownAs)}`);
  return files.with(index, { path: file, shownAs });
}

function readInclude(file: PluginFile, log: LogSink, op?: Op): readonly WrittenEntry[] {
  const name = shown(file.shownAs);
  log.line(`\n======= Including dynamic plugins from ${name}`);
  if (!isPluginFile(file)) {
    log.warn(`WARNING: File ${name} does not exist, skipping including dynamic packages from ${name}`);
    return [];
  }
  const content = readPluginFile(file, log, op);
  if (content?.type !== 'map') {
    const place = content?.origin ?? { file: file.shownAs, line: 1, column: 1 };
    throw configFault('CONFIG_DYNAMIC_PLUGINS', `${name} content must be a YAML object`, place);
  }
  const plugins = content.entries.get('plugins');
  return plugins === undefined ? [] : readEntries(plugins, file.shownAs, 0, log);
}
