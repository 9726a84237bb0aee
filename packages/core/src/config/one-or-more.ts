import type { OneOrMore } from './raw-config.ts';

/** One thing or several, as several. */
export function listOf<T extends object>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

/** The path to one of several; one that was written without a list has no position. */
export function stepsTo(field: string, value: OneOrMore<object> | undefined, index: number): (string | number)[] {
  return Array.isArray(value) ? [field, index] : [field];
}

function isList<T extends object>(value: OneOrMore<T>): value is readonly T[] {
  return Array.isArray(value);
}
