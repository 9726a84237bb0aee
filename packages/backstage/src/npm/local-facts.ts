import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Origin } from '../config/origin.ts';
import type { YamlEntry, YamlMap, YamlValue } from '../yaml/yaml-value.ts';
import { jsonValue } from './json-value.ts';

/**
 * What the originals put into the hash of a local package as `_local_package_info`: the whole package.json and the
 * modification times, in seconds as floats, of what stands beside it. As data of the same kind as the rest of the record,
 * because Python writes floats, integers and text differently from JavaScript.
 */
export type LocalFacts = YamlMap;

const NANOSECONDS = 1_000_000_000n;

/**
 * The facts of the local package at an absolute path. Never throws: what is no directory says `_not_found`, a package.json
 * that cannot be read or parsed `_error`, with a text that no original would have written; such a package is installed anew.
 */
export function localFacts(directory: string): LocalFacts {
  const place: Origin = { file: join(directory, 'package.json'), line: 1, column: 1 };
  try {
    const manifest = statOf(place.file);
    if (manifest?.isFile()) {
      const facts: [string, YamlValue][] = [
        ['_package_json', jsonValue(readFileSync(place.file, 'utf8'), place)],
        ['_package_json_mtime', seconds(manifest, place)],
      ];
      for (const name of ['package-lock.json', 'yarn.lock']) {
        const lock = statOf(join(directory, name));
        if (lock?.isFile()) facts.push([`_${name}_mtime`, seconds(lock, place)]);
      }
      return map(place, facts);
    }
    const whole = statOf(directory);
    if (whole?.isDirectory()) return map(place, [['_directory_mtime', seconds(whole, place)]]);
    return map(place, [['_not_found', { type: 'boolean', value: true, origin: place }]]);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return map(place, [['_error', { type: 'string', value: text, origin: place }]]);
  }
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // As `os.path.isfile`: what cannot be looked at is not there.
    return undefined;
  }
}

/** As Python computes `st_mtime`: whole seconds plus nanoseconds, added as doubles. */
function seconds({ mtimeNs }: BigIntStats, origin: Origin): YamlValue {
  const nanoseconds = ((mtimeNs % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  const whole = (mtimeNs - nanoseconds) / NANOSECONDS;
  return { type: 'float', value: Number(whole) + 1e-9 * Number(nanoseconds), origin };
}

function map(origin: Origin, facts: readonly (readonly [string, YamlValue])[]): YamlMap {
  const entries = new Map<string, YamlEntry>(facts.map(([key, value]) => [key, { value, origin }]));
  return { type: 'map', entries, origin };
}
