import type { YamlValue } from './yaml-value.ts';

/** Whether two values are equal as Python compares them: `1`, `1.0` and `true` are one number; the order of keys is nothing. */
export function isSameValue(a: YamlValue, b: YamlValue): boolean {
  if (a.type === 'map' || b.type === 'map') {
    if (a.type !== 'map' || b.type !== 'map' || a.entries.size !== b.entries.size) return false;
    return [...a.entries].every(([key, { value }]) => {
      const other = b.entries.get(key);
      return other !== undefined && isSameValue(value, other.value);
    });
  }
  if (a.type === 'list' || b.type === 'list') {
    if (a.type !== 'list' || b.type !== 'list' || a.items.length !== b.items.length) return false;
    return a.items.every((item, index) => {
      const other = b.items[index];
      return other !== undefined && isSameValue(item, other);
    });
  }
  const x = numberOf(a);
  const y = numberOf(b);
  // Of an integer of any size and a float as well; NaN equals nothing.
  if (x !== undefined && y !== undefined) return x <= y && x >= y;
  if (a.type === 'null' || b.type === 'null') return a.type === b.type;
  return a.type === b.type && a.value === b.value;
}

function numberOf(value: YamlValue): bigint | number | undefined {
  if (value.type === 'boolean') return value.value ? 1n : 0n;
  return value.type === 'integer' || value.type === 'float' ? value.value : undefined;
}
