import type { Origin } from '../config/origin.ts';
import { readTimestamp } from './timestamp.ts';
import type { YamlScalar } from './yaml-value.ts';

/** Python refuses to read or write longer ones. */
const INTEGER_DIGITS = 4300;

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['no', false],
  ['true', true],
  ['false', false],
  ['on', true],
  ['off', false],
]);

/**
 * What a scalar of one of YAML's own tags (its name behind `!!`) stands for; undefined when the text does not fit the tag,
 * or there is no such tag for scalars.
 */
export function scalarValue(name: string, text: string, origin: Origin): YamlScalar | undefined {
  switch (name) {
    case 'str':
      return { type: 'string', value: text, origin };
    case 'null':
      return { type: 'null', origin };
    case 'bool': {
      const value = BOOLEANS.get(text.toLowerCase());
      return value === undefined ? undefined : { type: 'boolean', value, origin };
    }
    case 'int': {
      const value = readInteger(text);
      return value === undefined ? undefined : { type: 'integer', value, origin };
    }
    case 'float': {
      const value = readFloat(text);
      return value === undefined ? undefined : { type: 'float', value, origin };
    }
    case 'timestamp': {
      const value = readTimestamp(text);
      return value === undefined ? undefined : { type: 'date', value, origin };
    }
    case 'binary': {
      const value = readBinary(text);
      return value === undefined ? undefined : { type: 'string', value, origin };
    }
    default:
      return undefined;
  }
}

/** `0b11`, `0x1F`, `017` (behind a tag `0o17` too), `1:30` (sixty to one) or decimal, with `_` between digits. */
function readInteger(text: string): bigint | undefined {
  if (text.length > INTEGER_DIGITS) return undefined;
  const { negative, rest } = signed(text.replaceAll('_', ''));
  let value: bigint | undefined;
  if (rest.startsWith('0b')) value = digits(rest.slice(2), /^[01]+$/, '0b');
  else if (rest.startsWith('0x')) value = digits(rest.slice(2), /^[0-9a-fA-F]+$/, '0x');
  else if (rest.startsWith('0')) value = digits(rest.replace(/^0[oO]/, ''), /^[0-7]+$/, '0o');
  else if (/^[0-9]+(?::[0-9]+)+$/.test(rest))
    value = rest.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  else value = digits(rest, /^[0-9]+$/, '');
  return value !== undefined && negative ? -value : value;
}

function digits(text: string, allowed: RegExp, prefix: string): bigint | undefined {
  const trimmed = text.trim();
  return allowed.test(trimmed) ? BigInt(prefix + trimmed) : undefined;
}

/** `1.5`, `1e3`, `1:30.5` (sixty to one), `.inf` or `.nan`, with `_` between digits. */
function readFloat(text: string): number | undefined {
  const { negative, rest } = signed(text.replaceAll('_', '').toLowerCase());
  let value: number | undefined;
  if (rest === '.inf') value = Number.POSITIVE_INFINITY;
  else if (rest === '.nan') return Number.NaN;
  else if (rest.includes(':')) value = readSexagesimal(rest);
  else value = readDecimal(rest);
  return value !== undefined && negative ? -value : value;
}

/** Added up from the last part, as Python does: the order decides the last digit. */
function readSexagesimal(text: string): number | undefined {
  let sum = 0;
  let base = 1;
  for (const part of text.split(':').reverse()) {
    const value = readDecimal(part);
    if (value === undefined) return undefined;
    sum += value * base;
    base *= 60;
  }
  return sum;
}

function readDecimal(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?$/.test(trimmed)) return Number(trimmed);
  if (/^inf(?:inity)?$/.test(trimmed)) return Number.POSITIVE_INFINITY;
  return trimmed === 'nan' ? Number.NaN : undefined;
}

function signed(text: string): { readonly negative: boolean; readonly rest: string } {
  return { negative: text.startsWith('-'), rest: /^[-+]/.test(text) ? text.slice(1) : text };
}

/**
 * Bytes, as the text that the original's app-config writes for them and Backstage then reads: base64 in lines of 76
 * characters, each with its line break.
 */
function readBinary(text: string): string | undefined {
  if (/[^\x00-\x7f]/.test(text)) return undefined;
  // As Python: other characters do not count, and padding that completes four ends the text.
  let digits = '';
  let padding = 0;
  for (const char of text.replace(/[^A-Za-z0-9+/=]/g, '')) {
    const open = digits.length % 4;
    if (char === '=') padding++;
    if (char === '=' && open >= 2 && open + padding >= 4) break;
    if (char !== '=') {
      digits += char;
      padding = 0;
    }
  }
  const left = digits.length % 4;
  if (left !== 0 && left + padding < 4) return undefined;
  return left === 1
    ? undefined
    : Buffer.from(digits, 'base64')
        .toString('base64')
        .replace(/.{1,76}/g, '$&\n');
}
