import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Io } from '../io.ts';

/** Where Gantry keeps things. Absolute. */
export interface Directories {
  /** Content by digest. */
  readonly store: string;
  /** The plugin root of this user. */
  readonly plugins: string;
  /** What was seen and decided before: verdicts, and the newest signing time of each signer. */
  readonly state: string;
  /** Trust roots that came through TUF. */
  readonly trust: string;
}

/**
 * `$GANTRY_HOME/{store,plugins,state,trust}`, else below the cache, data and state directories that the platform has for
 * a user. Only the store is a cache: without the others a rollback would not be noticed.
 */
export function directories({ env, cwd }: Pick<Io, 'env' | 'cwd'>, platform: string = process.platform): Directories {
  const home = env['GANTRY_HOME'];
  if (home) return { store: resolve(cwd, home, 'store'), ...below(resolve(cwd, home)) };
  const user = env['HOME'] || homedir();
  if (platform === 'darwin') {
    const library = join(user, 'Library');
    return {
      store: join(library, 'Caches', 'gantry', 'store'),
      ...below(join(library, 'Application Support', 'gantry')),
    };
  }
  if (platform === 'win32') {
    const local = join(env['LOCALAPPDATA'] || join(user, 'AppData', 'Local'), 'gantry');
    return { store: join(local, 'cache', 'store'), ...below(local) };
  }
  return {
    store: join(env['XDG_CACHE_HOME'] || join(user, '.cache'), 'gantry', 'store'),
    ...below(join(env['XDG_DATA_HOME'] || join(user, '.local', 'share'), 'gantry')),
    state: join(env['XDG_STATE_HOME'] || join(user, '.local', 'state'), 'gantry'),
  };
}

function below(directory: string): Omit<Directories, 'store'> {
  return {
    plugins: join(directory, 'plugins'),
    state: join(directory, 'state'),
    trust: join(directory, 'trust'),
  };
}
