import { compareText } from '../yaml/compare-text.ts';
import { scalarText, stringText } from '../yaml/scalar-text.ts';
import type { YamlMap, YamlValue } from '../yaml/yaml-value.ts';

/** Readers of YAML take no longer key for one without `?`. */
const SIMPLE_KEY_LENGTH = 1000;

/**
 * Writes `app-config.dynamic-plugins.yaml`: block style, keys sorted, the same bytes for the same values. Readers of YAML 1.1
 * and 1.2 read the same values back; dates are to the latter the strings that the original's file has there.
 */
export function emitAppConfig(merged: YamlMap): string {
  if (merged.entries.size === 0) return '{}\n';
  return mapLines(merged, '').join('\n').concat('\n');
}

function mapLines(map: YamlMap, indent: string): string[] {
  const sorted = [...map.entries].sort(([a], [b]) => compareText(a, b));
  return sorted.flatMap(([name, { value }]) => {
    const key = stringText(name);
    if (key.length > SIMPLE_KEY_LENGTH) return [`${indent}? ${key}`, ...valueLines(`${indent}:`, value, indent)];
    return valueLines(`${indent}${key}:`, value, indent);
  });
}

/** The lines of a value behind what introduces it. A list in a map stands at the indentation of its key, as PyYAML writes it. */
function valueLines(head: string, value: YamlValue, indent: string): string[] {
  if (value.type === 'map' && value.entries.size > 0) return [head, ...mapLines(value, `${indent}  `)];
  if (value.type === 'list' && value.items.length > 0) return [head, ...listLines(value.items, indent)];
  return [`${head} ${flatText(value)}`];
}

function listLines(items: readonly YamlValue[], indent: string): string[] {
  return items.flatMap((item) => {
    if (item.type === 'map' && item.entries.size > 0) return dashed(mapLines(item, `${indent}  `), indent);
    if (item.type === 'list' && item.items.length > 0) return dashed(listLines(item.items, `${indent}  `), indent);
    return [`${indent}- ${flatText(item)}`];
  });
}

/** Puts the dash of a list before lines that are indented below it. */
function dashed([first = '', ...rest]: readonly string[], indent: string): string[] {
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

function flatText(value: YamlValue): string {
  if (value.type === 'map') return '{}';
  return value.type === 'list' ? '[]' : scalarText(value);
}
