import { isGantryError } from '@gantry/oci';

/** Whether a registry did not answer, rather than refuse: what is on disk then stays in use. */
export function isOutage(error: unknown): error is Error {
  if (!isGantryError(error) || !error.code.startsWith('REGISTRY_')) return false;
  return !['REGISTRY_NOT_FOUND', 'REGISTRY_UNAUTHORIZED', 'REGISTRY_DENIED'].includes(error.code);
}
