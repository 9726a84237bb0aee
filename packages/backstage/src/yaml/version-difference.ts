import { escapeRemote } from '@gantry/oci';
import { coreSchemaValue } from './core-schema.ts';
import { scalarText } from './scalar-text.ts';
import type { YamlScalar } from './yaml-value.ts';

/**
 * What to tell the author of a scalar without quotes that readers of YAML 1.1 and 1.2 take for different values; undefined
 * when they agree.
 */
export function versionDifference(text: string, value: YamlScalar): string | undefined {
  const other = coreSchemaValue(text, value.origin);
  if (isSame(value, other)) return undefined;
  // No way of writing makes a date of it for both.
  const ways = value.type === 'date' ? scalarText(other) : `${scalarText(value)}, or ${scalarText(other)}`;
  return escapeRemote(
    `${text} is ${described(value)} here (YAML 1.1) but ${described(other)} in YAML 1.2: write ${ways}`,
  );
}

function isSame(a: YamlScalar, b: YamlScalar): boolean {
  if (isNumber(a) && isNumber(b)) return Object.is(Number(a.value) + 0, Number(b.value) + 0);
  return a.type === b.type;
}

function isNumber(scalar: YamlScalar): scalar is YamlScalar & { readonly type: 'integer' | 'float' } {
  return scalar.type === 'integer' || scalar.type === 'float';
}

function described(scalar: YamlScalar): string {
  if (scalar.type === 'null') return 'null';
  if (scalar.type === 'string') return `the text ${JSON.stringify(scalar.value)}`;
  return `the ${isNumber(scalar) ? 'number' : scalar.type} ${scalarText(scalar)}`;
}
