import type { Origin } from '../config/origin.ts';
import type { YamlScalar } from './yaml-value.ts';

/** What a scalar begins with that may be anything but a string. */
const FIRST = /^(?:[-+.0-9~nNtTfF]|$)/;

/** What a reader of YAML 1.2 (core schema, with which Backstage reads its configuration) makes of a scalar without quotes. */
export function coreSchemaValue(text: string, origin: Origin): YamlScalar {
  if (!FIRST.test(text)) return { type: 'string', value: text, origin };
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return { type: 'null', origin };
  if (/^(?:true|True|TRUE)$/.test(text)) return { type: 'boolean', value: true, origin };
  if (/^(?:false|False|FALSE)$/.test(text)) return { type: 'boolean', value: false, origin };
  if (/^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/.test(text)) {
    const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.replace('+', ''));
    return { type: 'integer', value, origin };
  }
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)) {
    return { type: 'float', value: Number(text), origin };
  }
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) {
    return { type: 'float', value: text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, origin };
  }
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return { type: 'float', value: Number.NaN, origin };
  return { type: 'string', value: text, origin };
}
