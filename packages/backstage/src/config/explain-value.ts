import type { YamlMap, YamlValue } from '../yaml/yaml-value.ts';
import type { Place } from './config-fault.ts';
import type { LoadedPlugins } from './load-dynamic-plugins.ts';
import type { Origin } from './origin.ts';
import { OCI_SCHEME } from './package-key.ts';
import type { PluginEntry } from './plugin-entry.ts';
import type { WrittenEntry } from './written-entry.ts';

/** A value and where it was written. */
export interface ExplainedValue {
  /** Name of the field; of a configuration key the names of all maps around it, joined by dots. */
  readonly name: string;
  readonly value: YamlValue;
  readonly origin: Origin;
}

/** One entry that a plugin was merged from. */
export interface ExplainedEntry {
  /** As the file has it: `{{inherit}}` and `ref://` included. */
  readonly package: string;
  readonly place: Place;
  /** Fields of it that a later entry has replaced, sorted. `package` too, where a later one names another. */
  readonly overridden: readonly string[];
}

/** Where everything about one plugin comes from. */
export interface ExplainedPlugin {
  readonly key: string;
  readonly package: string;
  readonly enabled: boolean;
  /** `package` first; all but `pluginConfig`. */
  readonly fields: readonly ExplainedValue[];
  /** The keys of `pluginConfig` that hold no map with keys of its own. */
  readonly config: readonly ExplainedValue[];
  /** In the order they were merged. */
  readonly entries: readonly ExplainedEntry[];
}

/** An entry that is no plugin, because its image is switched off. */
export interface ExplainedDrop {
  readonly package: string;
  readonly place: Place;
  /** The entry that switches the image off. */
  readonly because: Place;
}

/** The answer to {@link explainValue}. */
export interface ValueExplanation {
  readonly plugins: readonly ExplainedPlugin[];
  readonly dropped: readonly ExplainedDrop[];
}

/**
 * Says where the values of a plugin come from. It is named by its key, its package in any form that an entry has, with or
 * without the directory, its image without a version, or the directory in the image; or a key of `pluginConfig` is named
 * (`dynamicPlugins.frontend`): then the plugins that set it or something below it, with only those keys. Empty lists when
 * nothing has that name.
 */
export function explainValue(loaded: LoadedPlugins, asked: string): ValueExplanation {
  const explained = loaded.plugins.map((plugin) => ({ plugin, entries: loaded.merged.get(plugin.key) ?? [] }));
  const named = explained.filter(({ plugin, entries }) => namesOf(plugin, entries).includes(asked));
  const dropped = loaded.dropped
    .filter(({ entry }) => namesOfEntry(entry).includes(asked))
    .map(({ entry, because }) => ({ package: entry.written, place: entry.place, because: because.place }));
  if (named.length > 0 || dropped.length > 0) {
    return { plugins: named.map(({ plugin, entries }) => explainPlugin(plugin, entries)), dropped };
  }
  const setting = explained
    .map(({ plugin, entries }) => explainPlugin(plugin, entries))
    .map((plugin) => ({ ...plugin, config: plugin.config.filter(({ name }) => isAtOrBelow(name, asked)) }))
    .filter(({ config }) => config.length > 0);
  return { plugins: setting, dropped };
}

function isAtOrBelow(name: string, asked: string): boolean {
  return name === asked || name.startsWith(`${asked}.`);
}

function namesOf(plugin: PluginEntry, entries: readonly WrittenEntry[]): readonly string[] {
  const { source } = plugin;
  const image = source.type === 'oci' ? [`${OCI_SCHEME}${source.image}`, source.path] : [];
  return [plugin.key, plugin.package, ...image, ...entries.flatMap(namesOfEntry)];
}

function namesOfEntry({ written, package: text, oci }: WrittenEntry): readonly string[] {
  return [written, text, ...(oci === undefined ? [] : [oci.repository, `${OCI_SCHEME}${oci.repository}`])];
}

function explainPlugin(plugin: PluginEntry, entries: readonly WrittenEntry[]): ExplainedPlugin {
  const fields = [...plugin.record].flatMap(([name, value]) => {
    const origin = plugin.origins.get(name);
    return origin === undefined ? [] : [{ name, value, origin }];
  });
  return {
    key: plugin.key,
    package: plugin.package,
    enabled: plugin.enabled,
    fields,
    config: plugin.pluginConfig === undefined ? [] : leavesOf(plugin.pluginConfig, ''),
    entries: entries.map((entry) => explainEntry(entry, plugin)),
  };
}

/** A field counts where it stands; elsewhere another entry has replaced it. */
function explainEntry(entry: WrittenEntry, plugin: PluginEntry): ExplainedEntry {
  const overridden = [...entry.fields].filter(([name, field]) => {
    const counts = plugin.origins.get(name);
    // An entry that inherits its package names none of its own.
    if (name === 'package' && entry.oci !== undefined && entry.oci.version === undefined) return false;
    return counts === undefined || !samePlace(counts, field.origin);
  });
  return { package: entry.written, place: entry.place, overridden: overridden.map(([name]) => name).toSorted() };
}

function samePlace(one: Origin, other: Origin): boolean {
  return one.file === other.file && one.line === other.line && one.column === other.column;
}

function leavesOf(map: YamlMap, prefix: string): readonly ExplainedValue[] {
  return [...map.entries].flatMap(([key, { value, origin }]) => {
    const name = `${prefix}${key}`;
    return value.type === 'map' && value.entries.size > 0 ? leavesOf(value, `${name}.`) : [{ name, value, origin }];
  });
}
