import { type ErrorDetails, escapeRemote, isGantryError } from '@gantry/oci';
import { type CoreErrorCode, coreError } from '../core-errors.ts';
import { errorCode } from '../files/durable.ts';

/** An `ARCHIVE_*` error about one entry. Names come from the archive, so they are escaped and capped. */
export function entryFault(code: CoreErrorCode, name: string, problem: string, details: ErrorDetails = {}): Error {
  const entry = escapeRemote(name);
  return coreError(code, `entry ${entry}: ${problem}`, { details: { entry, ...details } });
}

/** An `ARCHIVE_INVALID` error about the format. */
export function formatFault(problem: string): Error {
  return coreError('ARCHIVE_INVALID', problem);
}

/** An `ARCHIVE_LIMIT` error. */
export function limitFault(limit: string, expected: number, found: number | string, name?: string): Error {
  const entry = name === undefined ? {} : { entry: escapeRemote(name) };
  return coreError('ARCHIVE_LIMIT', `the archive exceeds ${limit}: at most ${expected}, found ${found}`, {
    details: { limit, expected, found, ...entry },
  });
}

/** File system errors while extracting become `STORE_FULL` or `INSTALL_IO`; everything else stays what it is. */
export function stagingFault(error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined || isGantryError(error)) return error;
  if (code.startsWith('Z_') || code.startsWith('ZSTD_') || code.startsWith('ERR_')) return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return coreError(full ? 'STORE_FULL' : 'INSTALL_IO', `cannot extract (${code})`, { cause: error, details: { code } });
}
