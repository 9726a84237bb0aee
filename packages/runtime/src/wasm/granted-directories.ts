import { realpath, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { runtimeError } from '../runtime-errors.ts';
import type { LoadMessage } from './wasm-messages.ts';

const WRITABLE = 'rw:';

/**
 * The directories of a `paths` grant, links resolved once and now. Throws `RUNTIME_GRANT_INVALID` for a path that is
 * not absolute or no directory.
 */
export async function grantedDirectories(
  plugin: string,
  paths: readonly string[] = [],
): Promise<LoadMessage['directories']> {
  return Promise.all(
    paths.map(async (path) => {
      const writable = path.startsWith(WRITABLE);
      const guest = writable ? path.slice(WRITABLE.length) : path;
      const host = isAbsolute(guest) ? await realpath(guest).catch(() => undefined) : undefined;
      if (host === undefined || !(await stat(host)).isDirectory()) {
        throw runtimeError('RUNTIME_GRANT_INVALID', `${plugin}: grants.paths holds something that is no directory`, {
          details: { path },
          hint: 'write absolute paths of directories that exist, rw: in front of those that may be written',
        });
      }
      return { guest, host, writable };
    }),
  );
}
