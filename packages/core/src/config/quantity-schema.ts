import type { LimitUnit } from '@gantry/oci';
import * as z from 'zod';
import { parseQuantity, quantityExample } from './quantity.ts';
import type { RawQuantity } from './raw-config.ts';

/** The schema of a quantity of a unit. */
export function quantity(unit: LimitUnit): z.ZodType<RawQuantity> {
  const message = `expected ${quantityExample(unit)}`;
  return z
    .union([z.number(), z.string()], { error: () => message })
    .refine((value) => parseQuantity(value, unit) !== undefined, message);
}
