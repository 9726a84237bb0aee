import type { Origin } from '../config/origin.ts';
import { isPrototypeKey } from './prototype-key.ts';
import { yamlFault } from './yaml-fault.ts';
import type { YamlEntry, YamlValue } from './yaml-value.ts';

/** Data as JSON has it; objects have no prototype. */
export type PlainValue = string | number | boolean | null | readonly PlainValue[] | PlainObject;

/** An object without a prototype. */
export interface PlainObject {
  readonly [key: string]: PlainValue;
}

/** A value as a reader of YAML 1.2 in JavaScript sees it: numbers are doubles, dates their ISO text. */
export function plainValue(value: YamlValue): PlainValue {
  switch (value.type) {
    case 'null':
      return null;
    case 'integer':
      return Number(value.value);
    case 'list':
      return value.items.map(plainValue);
    case 'map': {
      const object: Record<string, PlainValue> = Object.create(null);
      for (const [key, entry] of value.entries) object[key] = plainValue(entry.value);
      return object;
    }
    default:
      return value.value;
  }
}

/**
 * The way back: whole numbers are integers. Everything stands at `origin`.
 *
 * @throws CONFIG_DYNAMIC_PLUGINS for a key that reaches a prototype
 */
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
    if (isPrototypeKey(key)) throw yamlFault(origin, `the key ${key} is not allowed`);
    entries.set(key, { value: yamlValue(item, origin), origin });
  }
  return { type: 'map', entries, origin };
}

function isList(value: readonly PlainValue[] | PlainObject): value is readonly PlainValue[] {
  return Array.isArray(value);
}
