import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { type Environment, escapeRemote, isGantryError } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';

/** The settings of npm under npm's own names, as its libraries take them; read only what is needed. */
export interface NpmConfiguration {
  /** Settings by the names of npm's libraries, keys that begin with `//` or `@` included. */
  readonly flat: Readonly<Record<string, unknown>>;
}

/**
 * Reads the configuration that `npm` would have if it ran in `root`: `npm_config_*` in any case, the project's .npmrc, the
 * user's (NPM_CONFIG_USERCONFIG), the global one, and what the npm on PATH brings along; with `${VAR}` replaced. Writes
 * nothing. What old npms wrote without a registry, `_auth` and the like, counts for the default registry alone.
 * Throws `CONFIG_NPM`.
 */
export async function readNpmConfiguration(root: string, environment: Environment): Promise<NpmConfiguration> {
  const [{ default: Config }, { default: definitions }] = await Promise.all([
    import('@npmcli/config'),
    import('@npmcli/config/lib/definitions/index.js'),
  ]);
  const { npmPath, execPath } = npmOnPath(environment.env['PATH'] ?? '');
  try {
    const config = new Config({
      ...definitions,
      npmPath,
      execPath,
      argv: ['node', 'npm'],
      // npm's library writes into it.
      env: { ...environment.env },
      cwd: root,
    });
    await config.load();
    config.repair();
    return { flat: { ...config.flat } };
  } catch (error) {
    if (isGantryError(error)) throw error;
    const why = error instanceof Error ? error.message : 'unknown';
    throw backstageError('CONFIG_NPM', `the configuration of npm cannot be used: ${escapeRemote(why, 200)}`);
  }
}

/** Where npm and its Node are: its prefix decides where the global configuration is. Nothing of it is executed. */
function npmOnPath(path: string): { readonly npmPath: string; readonly execPath: string } {
  const directories = path.split(delimiter).filter((directory) => directory !== '');
  const find = (name: string): string | undefined => {
    const found = directories.map((directory) => join(directory, name)).find((file) => existsSync(file));
    return found === undefined ? undefined : realpathSync(found);
  };
  const npm = find('npm');
  const execPath = find('node') ?? process.execPath;
  return { npmPath: npm === undefined ? dirname(dirname(execPath)) : dirname(dirname(npm)), execPath };
}
