import type { RecordedValue } from '@gantry/testkit';
import { compareText } from './compare-text.ts';
import { pythonFloat } from './python-float.ts';
import type { YamlValue } from './yaml-value.ts';

/** A value as the recorded tables write it. */
export function typedValue(value: YamlValue | undefined): RecordedValue {
  if (value === undefined) return ['null'];
  switch (value.type) {
    case 'null':
      return ['null'];
    case 'integer':
      return ['integer', String(value.value)];
    case 'float':
      return ['float', Number.isFinite(value.value) ? pythonFloat(value.value) : String(value.value)];
    case 'list':
      return ['list', value.items.map(typedValue)];
    case 'map': {
      const sorted = [...value.entries].sort(([a], [b]) => compareText(a, b));
      return ['map', sorted.map(([key, entry]) => [key, typedValue(entry.value)])];
    }
    default:
      return [value.type, value.value];
  }
}
