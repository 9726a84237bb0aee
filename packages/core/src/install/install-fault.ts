import { isGantryError } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { errorCode } from '../files/durable.ts';

/** What the commonest codes mean. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left',
  EDQUOT: 'no space left',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EEXIST: 'something else has this name',
  ENOTDIR: 'a file is where a directory has to be',
};

/** What to throw for an error under the plugin root: those of the file system become `INSTALL_IO`, others stay. */
export function installFault(error: unknown, doing: string): unknown {
  const code = errorCode(error);
  if (code === undefined || isGantryError(error)) return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return coreError('INSTALL_IO', `cannot ${doing}: ${REASONS[code] ?? 'the file system failed'} (${code})`, {
    cause: error,
    details: { code },
    ...(full ? { hint: 'free some space and install again; nothing that is installed was changed' } : {}),
  });
}

/** Runs a step; file system errors come out as `INSTALL_IO`. */
export async function guarded<T>(doing: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw installFault(error, doing);
  }
}

/** As {@link guarded}, for a step that is over when it returns. */
export function guardedNow<T>(doing: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw installFault(error, doing);
  }
}
