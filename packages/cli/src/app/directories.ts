import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Io } from '../io.ts';

/** Where Gantry keeps things. Absolute. */
export interface Directories {
  /** Content by digest. */
  readonly store: string;
  /** The plugin root of this user. */
  readonly plugins: string;
}

/** `$GANTRY_HOME/{store,plugins}`, else below the cache and data directories that the platform has for a user. */
export function directories({ env, cwd }: Pick<Io, 'env' | 'cwd'>, platform: string = process.platform): Directories {
  const home = env['GANTRY_HOME'];
  if (home) return { store: resolve(cwd, home, 'store'), plugins: resolve(cwd, home, 'plugins') };
  const user = env['HOME'] || homedir();
  if (platform === 'darwin') {
    const library = join(user, 'Library');
    return {
      store: join(library, 'Caches', 'gantry', 'store'),
      plugins: join(library, 'Application Support', 'gantry', 'plugins'),
    };
  }
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] || join(user, 'AppData', 'Local');
    return { store: join(local, 'gantry', 'cache', 'store'), plugins: join(local, 'gantry', 'plugins') };
  }
  return {
    store: join(env['XDG_CACHE_HOME'] || join(user, '.cache'), 'gantry', 'store'),
    plugins: join(env['XDG_DATA_HOME'] || join(user, '.local', 'share'), 'gantry', 'plugins'),
  };
}
