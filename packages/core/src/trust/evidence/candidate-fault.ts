import { type GantryError, isGantryError } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';

/**
 * What is wrong with a candidate that could not be read. Throws on what says nothing about the candidate: a registry that
 * refuses, fails or does not answer, and cancellation.
 */
export function candidateFault(error: unknown, name: string): GantryError {
  if (!isGantryError(error)) throw error;
  if (error.code === 'REGISTRY_NOT_FOUND' || error.code === 'CONTENT_NOT_FOUND') {
    return coreError('SIGNATURE_MISSING', `${name} is listed as a signature and is not there`, { cause: error });
  }
  if (error.code === 'CONTENT_LIMIT')
    return coreError('SIGNATURE_LIMIT', `${name}: ${error.message}`, { cause: error });
  if (error.code.startsWith('CONTENT_') || error.code.startsWith('SIGNATURE_')) return error;
  throw error;
}
