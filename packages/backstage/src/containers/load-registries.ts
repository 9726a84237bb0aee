import { join, resolve } from 'node:path';
import type { Environment, Op } from '@gantry/oci';
import { containersFault } from './containers-fault.ts';
import type { ContainersPlaces } from './containers-places.ts';
import { listContainersFiles, readContainersFile } from './read-containers-file.ts';
import type { RegistriesConf, RegistryTable } from './registry-table.ts';

/** The files that count: one main file, and directories whose files come after it. */
interface RegistriesFiles {
  readonly main: string;
  readonly named: boolean;
  readonly directories: readonly string[];
}

/**
 * Reads registries.conf and registries.conf.d: `CONTAINERS_REGISTRIES_CONF`, else the user's file, else the system's; then the
 * drop-in files of `CONTAINERS_REGISTRIES_CONF_DIR`, else of system and user, of the user alone when the main file is the
 * user's. A later table takes the place of an earlier one with the same prefix. Throws `CONFIG_CONTAINERS`.
 */
export async function loadRegistries(
  places: ContainersPlaces,
  env: Environment['env'],
  op?: Op,
): Promise<RegistriesConf> {
  const { main, named, directories } = filesOf(places, env, op);
  const dropIns = directories.flatMap((directory) => listContainersFiles(directory, '.conf') ?? []);
  let tables = new Map<string, RegistryTable>();
  let credentialHelpers: readonly string[] | undefined;
  for (const file of [main, ...dropIns]) {
    const text = readContainersFile(file, op);
    if (text === undefined) {
      if (named && file === main)
        throw containersFault(file, 'there is no such file, and CONTAINERS_REGISTRIES_CONF names it');
      continue;
    }
    const { readRegistriesFile } = await import('./read-registries-file.ts');
    const read = readRegistriesFile(text, file);
    tables = new Map([...tables, ...read.tables.map((table) => [table.prefix, table] as const)]);
    credentialHelpers = read.credentialHelpers ?? credentialHelpers;
  }
  return {
    tables: [...tables.values()],
    credentialHelpers: credentialHelpers?.length === 0 ? undefined : credentialHelpers,
  };
}

function filesOf({ system, user }: ContainersPlaces, env: Environment['env'], op?: Op): RegistriesFiles {
  const file = env['CONTAINERS_REGISTRIES_CONF'];
  const directory = env['CONTAINERS_REGISTRIES_CONF_DIR'];
  const users = join(user, 'registries.conf');
  const isUsers = !file && readContainersFile(users, op) !== undefined;
  const own = [...(isUsers ? [] : [system]), user].map((place) => join(place, 'registries.conf.d'));
  return {
    main: file ? resolve(file) : isUsers ? users : join(system, 'registries.conf'),
    named: Boolean(file),
    directories: directory ? [resolve(directory)] : own,
  };
}
