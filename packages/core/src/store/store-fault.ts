import { isGantryError } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { errorCode } from '../files/durable.ts';

/**
 * What to throw for an error under the store: file system errors become `STORE_FULL`, `STORE_READ_ONLY` (only where
 * something was to be written) or `STORE_IO`; everything else stays what it is.
 */
export function storeFault(error: unknown, access: 'read' | 'write', subject: string): unknown {
  const code = errorCode(error);
  if (code === undefined || isGantryError(error)) return error;
  const options = { cause: error, details: { subject, code } };
  if (access === 'write' && (code === 'ENOSPC' || code === 'EDQUOT')) {
    return coreError('STORE_FULL', `no space to store ${subject} (${code})`, options);
  }
  if (access === 'write' && (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')) {
    return coreError('STORE_READ_ONLY', `${subject} cannot be stored (${code})`, options);
  }
  return coreError('STORE_IO', `cannot ${access} ${subject} (${code})`, options);
}
