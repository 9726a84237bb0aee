import { resolve } from 'node:path';
import { escapeRemote, isGantryError } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';
import { shownPackage, shownPlace } from './shown-package.ts';

/** A package of a registry, aliases resolved. */
export interface RegistryPackage {
  readonly type: 'registry';
  /** `name@version`, `name@range` or `name@tag`. */
  readonly spec: string;
  /** The version, range or tag alone. */
  readonly range: string | null;
  readonly name: string;
  /** With its `@`. */
  readonly scope: string | undefined;
}

/** Where the bytes of a package come from. */
export type PackageOrigin =
  | RegistryPackage
  | { readonly type: 'url'; readonly url: URL }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'directory'; readonly path: string };

const GIT_TYPES: readonly string[] = ['git', 'hosted'];

/**
 * Tells by npm's own grammar what a package specification stands for. `./…` counts from `directory`, other paths from the
 * plugin root, where the original ran npm. Nothing is looked up, expanded or executed.
 * Throws `CONFIG_GIT_PACKAGE`, and `CONFIG_PACKAGE` for what npm does not know or directories that are not `./…`.
 */
export async function packageOrigin(
  entry: PluginEntry,
  places: { readonly root: string; readonly directory: string },
): Promise<PackageOrigin> {
  const { source } = entry;
  if (source.type === 'oci') throw new TypeError(`${entry.package} is an image`);
  if (source.type === 'local') return localOrigin(resolve(places.directory, source.directory));
  const { default: parse } = await import('npm-package-arg');
  try {
    const parsed = parse(source.spec, places.root);
    if (GIT_TYPES.includes(parsed.type)) throw gitFault(entry);
    if (parsed.type === 'remote') return { type: 'url', url: new URL(parsed.fetchSpec ?? '') };
    if (parsed.type === 'file') return { type: 'file', path: parsed.fetchSpec ?? '' };
    if (parsed.type === 'directory') throw directoryFault(entry);
    const wanted = parsed.type === 'alias' ? (parsed as { subSpec?: typeof parsed }).subSpec : parsed;
    // What is no name at all is taken for a tag of nothing.
    if (wanted?.registry !== true || typeof wanted.name !== 'string')
      throw unknownFault(entry, 'it is not a package of a registry');
    return {
      type: 'registry',
      spec: wanted.toString(),
      range: wanted.fetchSpec,
      name: wanted.name,
      scope: wanted.scope ?? undefined,
    };
  } catch (error) {
    if (isGantryError(error)) throw error;
    throw unknownFault(entry, error instanceof Error ? error.message : 'unknown', error);
  }
}

function localOrigin(path: string): PackageOrigin {
  return /\.(?:tgz|tar\.gz|tar)$/i.test(path) ? { type: 'file', path } : { type: 'directory', path };
}

function gitFault(entry: PluginEntry): Error {
  return backstageError(
    'CONFIG_GIT_PACKAGE',
    `${shownPackage(entry)} is a git repository${shownPlace(entry, 'package')}`,
  );
}

function directoryFault(entry: PluginEntry): Error {
  return backstageError(
    'CONFIG_PACKAGE',
    `${shownPackage(entry)} is a directory that does not begin with ./${shownPlace(entry, 'package')}`,
    { hint: 'write it as ./… from the working directory' },
  );
}

function unknownFault(entry: PluginEntry, why: string, cause?: unknown): Error {
  return backstageError(
    'CONFIG_PACKAGE',
    `${shownPackage(entry)} is not a package that npm knows: ${escapeRemote(why, 200)}${shownPlace(entry, 'package')}`,
    { cause },
  );
}
