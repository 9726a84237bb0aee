import { coreSchemaValue } from './core-schema.ts';
import { implicitTag, isStringTag } from './implicit-tag.ts';
import { pythonFloat } from './python-float.ts';
import type { YamlScalar } from './yaml-value.ts';

const NOWHERE = { file: '', line: 1, column: 1 };
/** Text without anything that could end it or mean something else, wherever a value or key may stand. */
const HARMLESS = /^[A-Za-z0-9_/$](?:[A-Za-z0-9_/.$+@=-]|:(?=[^\s:])| (?=[^\s#]))*$/;

/**
 * A scalar as YAML that readers of 1.1 and of 1.2 both read as that value. Only a date differs: text without quotes, a date
 * to the former and a string to the latter, as the original writes it.
 */
export function scalarText(scalar: YamlScalar): string {
  switch (scalar.type) {
    case 'null':
      return 'null';
    case 'boolean':
    case 'integer':
      return String(scalar.value);
    case 'float':
      return floatText(scalar.value);
    case 'date':
      return scalar.value.replace('T', ' ');
    case 'string':
      return stringText(scalar.value);
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const text = pythonFloat(value);
  return text.includes('.') ? text : text.replace('e', '.0e');
}

/** A string: in double quotes unless it is harmless without. */
export function stringText(value: string): string {
  const plain =
    HARMLESS.test(value) && isStringTag(implicitTag(value)) && coreSchemaValue(value, NOWHERE).type === 'string';
  // Escaped as well: what YAML forbids in a file, and what it takes for line breaks or a byte order mark.
  return plain
    ? value
    : JSON.stringify(value).replace(
        /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
}
