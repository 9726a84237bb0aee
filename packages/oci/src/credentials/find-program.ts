import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Environment } from '../environment.ts';

/** The first executable of a name in the absolute directories of PATH; undefined when there is none. */
export async function findProgram(program: string, env: Environment['env']): Promise<string | undefined> {
  const names = process.platform === 'win32' && !program.endsWith('.exe') ? [`${program}.exe`] : [program];
  for (const directory of (env['PATH'] ?? '').split(delimiter)) {
    if (!isAbsolute(directory)) continue;
    for (const name of names) {
      const file = join(directory, name);
      const runs = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (runs) return file;
    }
  }
  return undefined;
}
