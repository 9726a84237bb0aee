import type { GantryError } from '@gantry/oci';
import { coreError, isCoreErrorCode } from '../core-errors.ts';
import type { Receipt } from './receipt.ts';

/** A refusal of the judge, who knows signatures and digests, with the name that the plugin is installed and run under. */
export function namedRefusal(
  { name, reference }: Pick<Receipt, 'name' | 'reference'>,
  refusal: GantryError,
): GantryError {
  const { code, message, hint, details } = refusal;
  if (!isCoreErrorCode(code)) return refusal;
  const about = message.includes(reference) ? name : `${name} (${reference})`;
  return coreError(code, `${about}: ${message}`, {
    cause: refusal,
    hint,
    details: { ...details, name, reference },
  });
}
