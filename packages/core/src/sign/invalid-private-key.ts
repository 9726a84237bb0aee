import type { GantryError } from '@gantry/oci';
import { coreError } from '../core-errors.ts';

/** The error of a file that was to hold a private key; the table's advice is about public ones. */
export function invalidPrivateKey(message: string): GantryError {
  return coreError('CONFIG_KEY_INVALID', message, {
    hint: 'name the file of a private key, as gantry key generate or cosign write it; docs/keys.md says which kinds sign',
  });
}
