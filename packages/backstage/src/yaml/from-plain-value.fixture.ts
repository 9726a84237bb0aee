import type { Origin } from '../config/origin.ts';
import type { PlainObject, PlainValue } from './plain-value.ts';
import type { YamlEntry, YamlValue } from './yaml-value.ts';

/** Plain data as values: whole numbers are integers. Everything stands at `origin`. */
export function yamlValue(value: PlainValue, origin: Origin): YamlValue {
  if (value === null) return { type: 'null', origin };
  if (typeof value === 'string') return { type: 'string', value, origin };
  if (typeof value === 'boolean') return { type: 'boolean', value, origin };
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? { type: 'integer', value: BigInt(value), origin }
      : { type: 'float', value, origin };
  }
  if (isList(value)) return { type: 'list', items: value.map((item) => yamlValue(item, origin)), origin };
  const entries = new Map<string, YamlEntry>();
  for (const [key, item] of Object.entries(value)) {
    entries.set(key, { value: yamlValue(item, origin), origin });
  }
  return { type: 'map', entries, origin };
}

function isList(value: readonly PlainValue[] | PlainObject): value is readonly PlainValue[] {
  return Array.isArray(value);
}
