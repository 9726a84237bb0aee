import { type GantryError, isGantryError } from '@gantry/oci';
import { coreError } from '../core-errors.ts';

/** The error about a path that the user named and that cannot be published. */
export function unreadable(path: string, why: string, cause?: unknown): GantryError {
  return coreError('CONFIG_PATH_UNREADABLE', `${path}: ${why}`, { details: { path }, cause });
}

/** Runs `work`, and says which path it was about when the file system fails. */
export async function whileReading<Result>(path: string, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    if (isGantryError(error) || code === undefined || !(error instanceof Error) || error.name === 'AbortError')
      throw error;
    throw unreadable(path, code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`, error);
  }
}
