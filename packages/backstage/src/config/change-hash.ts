import { createHash } from 'node:crypto';
import type { LocalFacts } from '../npm/local-facts.ts';
import { type JsonStyle, pythonJson, sortedJson } from '../yaml/python-json.ts';
import type { YamlEntry, YamlMap, YamlValue } from '../yaml/yaml-value.ts';
import type { Origin } from './origin.ts';
import type { PluginEntry } from './plugin-entry.ts';

const GENERATED: Origin = { file: 'dynamic-plugin-config.hash', line: 1, column: 1 };

/** The TypeScript original's JSON: what JavaScript makes of the values, text as it is. */
const TYPESCRIPT: JsonStyle = {
  scalar: (scalar) => {
    if (scalar.type === 'null') return 'null';
    if (scalar.type === 'date') return JSON.stringify(scalar.value);
    return scalar.type === 'boolean' ? String(scalar.value) : JSON.stringify(Number(scalar.value));
  },
  text: (text) => JSON.stringify(text),
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
};

/**
 * What `dynamic-plugin-config.hash` of a plugin holds: the value that the Python original computes for the entry as it is,
 * in lower-case hex. `local` are the facts of a local directory.
 */
export function changeHash(entry: PluginEntry, local?: LocalFacts): string {
  return sha256(pythonJson(hashedRecord(entry, local)));
}

/**
 * All values by which an installed plugin is known to be this entry: those of the Python and the TypeScript original, for
 * either level, and with or without `disabled: false` and `enabled: true`, which change nothing.
 */
export function knownHashes(entry: PluginEntry, local?: LocalFacts): ReadonlySet<string> {
  const record = hashedRecord(entry, local);
  const records = [record, ...withoutNoise(record)];
  return new Set(records.flatMap((each) => [sha256(pythonJson(each)), sha256(sortedJson(each, TYPESCRIPT))]));
}

/** The record of an entry that is enabled, with each combination of what makes no difference. */
function withoutNoise(record: YamlMap): readonly YamlMap[] {
  const variants: YamlMap[] = [];
  for (const level of [0n, 1n]) {
    for (const disabled of [undefined, false]) {
      for (const enabled of [undefined, true]) {
        const entries = new Map(record.entries);
        entries.set('last_modified_level', at({ type: 'integer', value: level, origin: GENERATED }));
        setFlag(entries, 'disabled', disabled);
        setFlag(entries, 'enabled', enabled);
        variants.push({ ...record, entries });
      }
    }
  }
  return variants;
}

function setFlag(entries: Map<string, YamlEntry>, name: string, value: boolean | undefined): void {
  if (value === undefined) entries.delete(name);
  else entries.set(name, at({ type: 'boolean', value, origin: GENERATED }));
}

function hashedRecord(entry: PluginEntry, local: LocalFacts | undefined): YamlMap {
  const entries = new Map<string, YamlEntry>();
  for (const [name, value] of entry.record) entries.set(name, at(value));
  entries.delete('pluginConfig');
  entries.delete('version');
  entries.set('package', at({ type: 'string', value: entry.package, origin: GENERATED }));
  entries.set('last_modified_level', at({ type: 'integer', value: BigInt(entry.level), origin: GENERATED }));
  if (local !== undefined) entries.set('_local_package_info', at(local));
  return { type: 'map', entries, origin: GENERATED };
}

function at(value: YamlValue): YamlEntry {
  return { value, origin: value.origin };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
