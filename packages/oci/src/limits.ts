/**
 * Limits: named numbers with a unit, on by default, an error when hit. Each package declares its own in one
 * `*-limits.ts`; names are unique over all packages, so that `limits:` in gantry.yaml and {@link Op.limits} are flat.
 */
import type { Op } from './op.ts';

/** The unit a limit counts in. */
export type LimitUnit = 'bytes' | 'milliseconds' | 'count' | 'ratio' | 'bytes/second';

/** One limit. */
export interface LimitSpec {
  readonly value: number;
  readonly unit: LimitUnit;
  /** What is limited: one sentence for `docs/limits.md`. */
  readonly meaning: string;
}

/** A package's limits; called with an operation and a name it gives the number in force. */
export interface LimitTable<Name extends string> {
  (op: Op | undefined, name: Name): number;
  readonly package: string;
  readonly specs: Readonly<Record<Name, LimitSpec>>;
}

/** Declares the limits of one package. `limits(op, 'x')` is the operation's own number for x, else the default. */
export function defineLimits<const Name extends string>(
  packageName: string,
  specs: Readonly<Record<Name, LimitSpec>>,
): LimitTable<Name> {
  const get = (op: Op | undefined, name: Name): number => op?.limits?.[name] ?? specs[name].value;
  return Object.assign(get, { package: packageName, specs });
}
