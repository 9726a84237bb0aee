import { join } from 'node:path';
import { errorCode, readRegularFile } from '@gantry/core';
import { isGantryError, type Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { type PluginState, parsePluginState } from './plugin-state.ts';
import { CONFIG_HASH, IMAGE_HASH, ownName, type RootContext, STATE_FILE } from './root-context.ts';

/** A directory that an installer, ours or an original, has finished. */
export interface InstalledDirectory {
  readonly name: string;
  /** What `dynamic-plugin-config.hash` says. */
  readonly configHash: string;
  /** What `dynamic-plugin-image.hash` says; undefined when there is none. */
  readonly imageHash: string | undefined;
  /** Undefined for what an original installed, and when the file is damaged or that of a newer Gantry. */
  readonly state: PluginState | undefined;
}

/** The original's directory for the catalog index, which stays behind when it is killed. */
const CATALOG_INDEX_TEMP = '.catalog-index-temp';

/** Every finished plugin, sorted by name; nothing when there is no root. Links are not followed. */
export function scanRoot(context: RootContext, op?: Op): readonly InstalledDirectory[] {
  const installed: InstalledDirectory[] = [];
  for (const name of directoriesIn(context)) {
    const configHash = readConfigHash(context, name, op);
    if (configHash === undefined) continue;
    const imageHash = readHash(context, name, IMAGE_HASH, op);
    installed.push({ name, configHash, imageHash, state: readState(context, name, op) });
  }
  return installed;
}

/**
 * Directories that an installer began and did not finish: with another of its files but no config hash. One without any
 * could be somebody's own, and stays until a plugin needs its name.
 */
export function unfinished(context: RootContext): readonly string[] {
  const { fileSystem, directory } = context;
  const has = (name: string, file: string): boolean => fileSystem.lstat(join(directory, name, file)) !== undefined;
  return directoriesIn(context).filter(
    (name) =>
      name === CATALOG_INDEX_TEMP || (!has(name, CONFIG_HASH) && (has(name, IMAGE_HASH) || has(name, STATE_FILE))),
  );
}

/** The config hash of a directory; undefined when it has none that can be read. */
export function readConfigHash(context: RootContext, name: string, op?: Op): string | undefined {
  return readHash(context, name, CONFIG_HASH, op);
}

function directoriesIn({ fileSystem, directory }: RootContext): readonly string[] {
  let names: readonly string[];
  try {
    names = fileSystem.list(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => ownName(name) === undefined && fileSystem.lstat(join(directory, name))?.isDirectory())
    .sort();
}

function readHash(context: RootContext, name: string, file: string, op?: Op): string | undefined {
  const limit = backstageLimits(op, 'pluginHashBytes');
  return readOrWarn(context, name, file, limit, (bytes) => Buffer.from(bytes).toString('utf8').trim());
}

function readState(context: RootContext, name: string, op?: Op): PluginState | undefined {
  const limit = backstageLimits(op, 'pluginStateBytes');
  return readOrWarn(context, name, STATE_FILE, limit, (bytes, what) => parsePluginState(what, bytes));
}

/** A plugin whose record is damaged is one that the originals installed, or nobody: it is installed again. */
function readOrWarn<T>(
  context: RootContext,
  name: string,
  file: string,
  limit: number,
  parse: (bytes: Uint8Array, what: string) => T,
): T | undefined {
  const what = `${file} of ${name}`;
  try {
    const bytes = readRegularFile(context.fileSystem, join(context.directory, name, file), what, limit);
    return bytes === undefined ? undefined : parse(bytes, what);
  } catch (error) {
    if (!isGantryError(error)) throw error;
    context.log.warn(`WARNING: ${error.message}; it does not count`);
    return undefined;
  }
}
