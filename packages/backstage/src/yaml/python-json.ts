import { compareText } from './compare-text.ts';
import { pythonFloat } from './python-float.ts';
import type { YamlScalar, YamlValue } from './yaml-value.ts';

/** How scalars, texts and the order of keys are written. */
export interface JsonStyle {
  scalar(scalar: Exclude<YamlScalar, { readonly type: 'string' }>): string;
  text(text: string): string;
  compare(a: string, b: string): number;
}

/** Writes a value as JSON with sorted keys and a space behind `,` and `:`. */
export function sortedJson(value: YamlValue, style: JsonStyle): string {
  if (value.type === 'list') return `[${value.items.map((item) => sortedJson(item, style)).join(', ')}]`;
  if (value.type === 'map') {
    const keys = [...value.entries].sort(([a], [b]) => style.compare(a, b));
    return `{${keys.map(([key, entry]) => `${style.text(key)}: ${sortedJson(entry.value, style)}`).join(', ')}}`;
  }
  return value.type === 'string' ? style.text(value.value) : style.scalar(value);
}

/**
 * A value as Python's `json.dumps(value, sort_keys=True)` writes it, byte for byte: ASCII only, floats by `repr()`. A date,
 * at which Python fails, is its ISO text.
 */
export function pythonJson(value: YamlValue): string {
  return sortedJson(value, { scalar: pythonScalar, text: asciiText, compare: compareText });
}

function pythonScalar(scalar: Exclude<YamlScalar, { readonly type: 'string' }>): string {
  if (scalar.type === 'null') return 'null';
  if (scalar.type === 'date') return asciiText(scalar.value);
  if (scalar.type !== 'float') return String(scalar.value);
  // NaN, Infinity and -Infinity are the same words in both languages.
  return Number.isFinite(scalar.value) ? pythonFloat(scalar.value) : String(scalar.value);
}

function asciiText(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
