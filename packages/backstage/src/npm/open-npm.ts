import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stagingFault } from '@gantry/core';
import { type Environment, type Op, systemEnvironment } from '@gantry/oci';
import type { PluginEntry } from '../config/plugin-entry.ts';
import type { StagedPlugin } from '../install/staged-plugin.ts';
import { checkHash, type ExpectedHash, expectedIntegrity } from './integrity.ts';
import { lazyNpmWorld } from './lazy-npm-world.ts';
import { obtainTarball } from './obtain-tarball.ts';
import { packLocal } from './pack-local.ts';
import { extractPackage } from './package-archive.ts';
import { readManifest } from './package-manifest.ts';
import { packageOrigin } from './package-source.ts';
import { shownPackage } from './shown-package.ts';
import { openTarballFile } from './tarball-file.ts';

/** What packages that are no images are obtained with. */
export interface NpmOptions {
  /** The plugin root: npm's configuration is the one it would have there. */
  readonly root: string;
  /** What `./…` counts from: the directory of dynamic-plugins.yaml. */
  readonly directory: string;
  readonly environment?: Environment;
  /** MAX_ENTRY_SIZE: the largest file of a package, in bytes. */
  readonly maxEntryBytes: number;
  /** SKIP_INTEGRITY_CHECK. */
  readonly skipIntegrity: boolean;
  /** Give the group write permission, where the plugin root is shared by a group. */
  readonly groupWritable: boolean;
  /** Gives a directory for what is needed as long as the connections last. Default: that of the system. */
  readonly temporary?: () => string;
}

/** Packages from npm registries, URLs and local directories. Disposing closes connections. */
export interface NpmPackages extends AsyncDisposable {
  /**
   * Obtains a package, with `provenOnly` whatever {@link NpmOptions.skipIntegrity} says, and leaves it whole and checked in a fresh directory inside `staging`, which exists. On any error
   * nothing of it is left there. Throws, before anything is asked, `CONFIG_PLUGIN_INTEGRITY`,
   * `CONFIG_GIT_PACKAGE` and `CONFIG_PACKAGE`; then `CONFIG_NPM`, `REGISTRY_*`, `CONTENT_*`, `ARCHIVE_*`, `STORE_FULL`, `INSTALL_IO`.
   */
  stage(entry: PluginEntry, staging: string, op?: Op, demands?: StageDemands): Promise<StagedPlugin>;
}

/** What one package has to satisfy. */
export interface StageDemands {
  /** Its bytes are checked against the integrity of its entry in any case. Default false. */
  readonly provenOnly?: boolean;
}

/** A package that lies in staging. */
type Obtained = Omit<StagedPlugin, 'digest' | 'signer'>;

/** Nothing is read or connected before it is needed; npm's configuration is read once. No script of a package ever runs. */
export function openNpm(options: NpmOptions): NpmPackages {
  const environment = options.environment ?? systemEnvironment();
  const npm = lazyNpmWorld(options.root, environment, options.temporary);

  const unpack = async (
    entry: PluginEntry,
    archive: { readonly path: string; readonly expected: ExpectedHash | undefined },
    place: string,
    op?: Op,
  ): Promise<Obtained> => {
    const shown = shownPackage(entry);
    const { path, expected } = archive;
    await using file = await openTarballFile(path, shown, expected === undefined ? [] : [expected.algorithm], op);
    if (expected !== undefined) checkHash(entry, expected, file.hash(expected.algorithm));
    const directory = await extractPackage(file, shown, join(place, 'tree'), options, op);
    const { directoryName } = await readManifest(directory, shown, op);
    return { directory, name: directoryName, integrity: `sha512-${file.hash('sha512')}`, bytes: file.layer.size };
  };

  const obtain = async (entry: PluginEntry, place: string, skip: boolean, op?: Op): Promise<Obtained> => {
    const origin = await packageOrigin(entry, options);
    if (origin.type === 'directory') {
      const manifest = await readManifest(origin.path, shownPackage(entry), op);
      const directory = join(place, 'tree');
      await packLocal(origin.path, manifest, directory, options, op);
      return { directory, name: manifest.directoryName, integrity: undefined, bytes: 0 };
    }
    const local = entry.source.type === 'local';
    const expected = local ? undefined : expectedIntegrity(entry, skip);
    if (origin.type === 'file') {
      const unpacked = await unpack(entry, { path: origin.path, expected }, place, op);
      return { ...unpacked, bytes: 0, integrity: local ? undefined : unpacked.integrity };
    }
    const path = join(place, 'package.tgz');
    const claims = await obtainTarball(origin, path, await npm.open(), op);
    // Who writes an integrity needs nobody else's word.
    const unpacked = await unpack(entry, { path, expected: expected ?? claims.expected }, place, op);
    await rm(path);
    return unpacked;
  };

  return {
    stage: async (entry, staging, op, { provenOnly = false } = {}) => {
      let place: string | undefined;
      try {
        place = await mkdtemp(join(staging, 'npm-'));
        return {
          ...(await obtain(entry, place, options.skipIntegrity && !provenOnly, op)),
          digest: undefined,
          signer: 'unsigned',
        };
      } catch (error) {
        if (place !== undefined) await rm(place, { recursive: true, force: true });
        throw stagingFault(error);
      }
    },
    [Symbol.asyncDispose]: () => npm[Symbol.asyncDispose](),
  };
}
