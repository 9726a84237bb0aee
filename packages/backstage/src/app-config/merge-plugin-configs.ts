import { escapeRemote } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { withoutSecrets } from '../config/config-fault.ts';
import type { Origin } from '../config/origin.ts';
import { isSameValue } from '../yaml/same-value.ts';
import type { YamlEntry, YamlMap, YamlValue } from '../yaml/yaml-value.ts';

/** What is merged: the configuration that one plugin brings. */
export interface PluginConfig {
  /** The package, for messages. */
  readonly package: string;
  readonly config: YamlMap;
}

/** A map that is being merged, or anything else together with who set it last. */
type Merged = MergedMap | { readonly type: 'leaf'; readonly value: YamlValue; readonly package: string | undefined };

interface MergedMap {
  readonly type: 'map';
  readonly entries: Map<string, MergedEntry>;
  readonly origin: Origin;
  readonly package: string | undefined;
}

interface MergedEntry {
  readonly content: Merged;
  readonly origin: Origin;
}

const OURS: Origin = { file: 'app-config.dynamic-plugins.yaml', line: 1, column: 1 };

/**
 * Merges what plugins configure into what the installer itself does (`dynamicPlugins.rootDirectory`), as the original does:
 * maps are merged; anything else must be equal where two set it, by Python's equality, and the last is kept. A map without
 * entries agrees with everything that was there before it.
 *
 * @throws CONFIG_PLUGIN_CONFLICT with the full path of the key, both packages and both places
 */
export function mergePluginConfigs(list: readonly PluginConfig[]): YamlMap {
  const root = emptyMap(OURS, undefined);
  const plugins = emptyMap(OURS, undefined);
  const directory: YamlValue = { type: 'string', value: 'dynamic-plugins-root', origin: OURS };
  plugins.entries.set('rootDirectory', {
    content: { type: 'leaf', value: directory, package: undefined },
    origin: OURS,
  });
  root.entries.set('dynamicPlugins', { content: plugins, origin: OURS });
  for (const plugin of list) mergeInto(root, plugin.config, withoutSecrets(plugin.package), []);
  return finished(root);
}

function mergeInto(target: MergedMap, source: YamlMap, name: string, path: readonly string[]): void {
  for (const [key, { value, origin }] of source.entries) {
    const here = [...path, key];
    const there = target.entries.get(key);
    if (value.type !== 'map') {
      if (there !== undefined && !(there.content.type === 'leaf' && isSameValue(there.content.value, value))) {
        throw conflict(here, there, name, origin);
      }
      target.entries.set(key, { content: { type: 'leaf', value, package: name }, origin });
    } else if (there === undefined) {
      const content = emptyMap(value.origin, name);
      target.entries.set(key, { content, origin });
      mergeInto(content, value, name, here);
    } else if (there.content.type === 'map') {
      mergeInto(there.content, value, name, here);
    } else if (value.entries.size > 0) {
      throw conflict(here, there, name, origin);
    }
  }
}

function emptyMap(origin: Origin, name: string | undefined): MergedMap {
  return { type: 'map', entries: new Map(), origin, package: name };
}

function conflict(path: readonly string[], there: MergedEntry, name: string, origin: Origin): Error {
  const key = path.join('.');
  const first = there.content.package;
  const before = first === undefined ? 'the installer' : `${first} at ${place(there.origin)}`;
  return backstageError(
    'CONFIG_PLUGIN_CONFLICT',
    escapeRemote(
      `Config key '${key}' defined differently for 2 dynamic plugins: by ${before} and by ${name} at ${place(origin)}`,
      2000,
    ),
    { details: { key, packages: first === undefined ? [name] : [first, name], file: origin.file, line: origin.line } },
  );
}

function place(origin: Origin): string {
  return `${origin.file}:${origin.line}`;
}

function finished(map: MergedMap): YamlMap {
  const entries = new Map<string, YamlEntry>();
  for (const [key, { content, origin }] of map.entries) {
    entries.set(key, { value: content.type === 'map' ? finished(content) : content.value, origin });
  }
  return { type: 'map', entries, origin: map.origin };
}
