import type { LimitUnit } from '@gantry/oci';

const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };
const TIME: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PLAIN: Readonly<Record<string, number>> = {};

const UNITS: Readonly<Record<LimitUnit, Readonly<Record<string, number>>>> = {
  bytes: BYTES,
  'bytes/second': BYTES,
  milliseconds: TIME,
  count: PLAIN,
  ratio: PLAIN,
};

/**
 * A number as people write it in a configuration: `64MiB`, `5s`, `1.5h`, or a plain number in the base unit (bytes,
 * milliseconds, things). Undefined when it is not one, is not positive, or is not a whole number of base units.
 */
export function parseQuantity(value: string | number, unit: LimitUnit): number | undefined {
  const match = /^([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)$/.exec(String(value));
  if (match === null) return undefined;
  const [, digits = '', suffix = ''] = match;
  const factor = suffix === '' ? 1 : Object.hasOwn(UNITS[unit], suffix) ? UNITS[unit][suffix] : undefined;
  const result = Number(digits) * (factor ?? Number.NaN);
  return Number.isSafeInteger(result) && result > 0 ? result : undefined;
}

/** How a quantity of a unit is written, for messages. */
export function quantityExample(unit: LimitUnit): string {
  if (UNITS[unit] === BYTES) return 'a number of bytes such as 64MiB';
  return UNITS[unit] === TIME ? 'a time such as 5s' : 'a whole number above 0';
}
