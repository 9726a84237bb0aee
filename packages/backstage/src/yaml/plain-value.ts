import type { YamlValue } from './yaml-value.ts';

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
