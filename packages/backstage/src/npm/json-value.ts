import type { Origin } from '../config/origin.ts';
import type { YamlEntry, YamlValue } from '../yaml/yaml-value.ts';

/**
 * JSON as Python's `json.load` reads it: `1` and `1.0` stay different, and integers keep all their digits. Every value
 * stands at `origin`. Throws a `SyntaxError`.
 */
export function jsonValue(text: string, origin: Origin): YamlValue {
  // Called from the inside out: what a list or an object holds has been made already.
  const reviver = (_key: string, value: unknown, context?: { readonly source?: string }): YamlValue => {
    if (value === null) return { type: 'null', origin };
    if (typeof value === 'string') return { type: 'string', value, origin };
    if (typeof value === 'boolean') return { type: 'boolean', value, origin };
    if (typeof value === 'number') return numberValue(value, context?.source ?? String(value), origin);
    if (Array.isArray(value)) return { type: 'list', items: value as YamlValue[], origin };
    const entries = Object.entries(value as Record<string, YamlValue>);
    return {
      type: 'map',
      entries: new Map<string, YamlEntry>(entries.map(([key, entry]) => [key, { value: entry, origin }])),
      origin,
    };
  };
  return JSON.parse(text, reviver) as YamlValue;
}

function numberValue(value: number, source: string, origin: Origin): YamlValue {
  if (/^-?[0-9]+$/.test(source)) return { type: 'integer', value: BigInt(source), origin };
  return { type: 'float', value, origin };
}
