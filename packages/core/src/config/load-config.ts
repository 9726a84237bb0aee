import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Environment, type Op, ociLimits, systemEnvironment } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import type { PolicyClause } from '../trust/policy.ts';
import { type ConfigFile, type Configuration, DEFAULT_CONFIGURATION } from './configuration.ts';
import type { KnownLimits } from './raw-config.ts';
import { readConfigText } from './read-config-text.ts';
import { tighten, tightenLimits } from './tighten.ts';

/** Where a configuration is looked for. */
export interface ConfigSearch {
  /** `--config FILE`; must exist. */
  readonly flag?: string;
  /** Default: the process's. */
  readonly cwd?: string;
  readonly environment?: Pick<Environment, 'env'>;
  /** The limits that may be set. Default: those of `@gantry/oci` and `@gantry/core`. */
  readonly limits?: readonly KnownLimits[];
}

/**
 * Finds and reads the configuration: `--config`, else `$GANTRY_CONFIG`, else `gantry.yaml` in the working directory, else
 * the user's. One file counts; but a file that was found in the working directory may only tighten what the user's trusts,
 * the limits that verdicts depend on included.
 * Throws `CONFIG_UNREADABLE`, `CONFIG_INVALID`, `CONFIG_VERSION`, each naming the file.
 */
export async function loadConfig(search: ConfigSearch = {}, op?: Op): Promise<Configuration> {
  const { env } = search.environment ?? systemEnvironment();
  const cwd = resolve(search.cwd ?? '.');
  const named = search.flag ?? (env['GANTRY_CONFIG'] || undefined);
  const usersFile = userConfigFile(env);
  const read = (file: string): Promise<ConfigFile | undefined> => readConfigFile(file, search, op);
  if (named !== undefined) {
    const file = await read(resolve(cwd, named));
    if (file !== undefined) return configuration(file, [file.trust]);
    throw coreError('CONFIG_UNREADABLE', `${resolve(cwd, named)}: there is no such file`);
  }
  const users = await read(usersFile);
  const hereFile = join(cwd, 'gantry.yaml');
  const here = hereFile === usersFile ? undefined : await read(hereFile);
  if (here === undefined) return users === undefined ? DEFAULT_CONFIGURATION : configuration(users, [users.trust]);
  if (users === undefined) return configuration(here, [here.trust]);
  return configuration({ ...here, limits: tightenLimits(users, here) }, tighten(users, here));
}

/** The configuration file of the user: `$XDG_CONFIG_HOME/gantry/gantry.yaml`. */
export function userConfigFile(env: Environment['env']): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'gantry', 'gantry.yaml');
}

function configuration(file: ConfigFile, lists: readonly (readonly PolicyClause[])[]): Configuration {
  const { trust: _, ...rest } = file;
  return { ...rest, policy: { fallback: 'digest', lists: lists.filter((list) => list.length > 0) } };
}

async function readConfigFile(file: string, search: ConfigSearch, op?: Op): Promise<ConfigFile | undefined> {
  const text = await readConfigText(file, op);
  if (text === undefined) return undefined;
  const { interpretConfig } = await import('./interpret-config.ts');
  return interpretConfig(file, text, search.limits ?? [ociLimits, coreLimits], op);
}
