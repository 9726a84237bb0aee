import { type Environment, type Op, systemEnvironment } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { npmKey } from '../config/package-key.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';
import { checkHash, expectedIntegrity } from './integrity.ts';
import { lazyNpmWorld } from './lazy-npm-world.ts';
import { obtainTarball } from './obtain-tarball.ts';
import { packageOrigin } from './package-source.ts';
import { shownPackage } from './shown-package.ts';
import { openTarballFile } from './tarball-file.ts';

/** Where tarballs are obtained from. */
export interface TarballOptions {
  /** npm's configuration is the one it would have here, and relative paths start here. Absolute. */
  readonly directory: string;
  readonly environment?: Environment;
}

/** A package as one file, its bytes checked against whatever was claimed of them. */
export interface Tarball {
  /** The package with the version that its registry chose; without a registry as it is written. */
  readonly package: string;
  /** `sha512-…` of the bytes. */
  readonly integrity: string;
  readonly bytes: number;
  /** Where it lies: what was asked for, or the user's own file. Absolute. */
  readonly path: string;
}

/** Packages that are no images, as the files they are published in. Disposing closes connections. */
export interface Tarballs extends AsyncDisposable {
  /**
   * Downloads a package into `file`, which must not exist; a local tarball stays where it is. Bytes are checked against the
   * integrity of the entry, else against what the registry says. Throws `CONFIG_PACKAGE`, also for a directory,
   * `CONFIG_GIT_PACKAGE`, `CONFIG_PLUGIN_INTEGRITY`, `CONFIG_NPM`, `REGISTRY_*`, `CONTENT_*`.
   */
  obtain(entry: PluginEntry, file: string, op?: Op): Promise<Tarball>;
}

/** Nothing is read or connected before it is needed. No script of a package ever runs. */
export function openTarballs({ directory, environment = systemEnvironment() }: TarballOptions): Tarballs {
  const npm = lazyNpmWorld(directory, environment);
  return {
    obtain: async (entry, file, op) => {
      const origin = await packageOrigin(entry, { root: directory, directory });
      if (origin.type === 'directory') {
        throw backstageError('CONFIG_PACKAGE', `${shownPackage(entry)} is a directory, which has no integrity`, {
          hint: 'a local directory needs none; pack it first to publish it',
        });
      }
      const path = origin.type === 'file' ? origin.path : file;
      const claims = origin.type === 'file' ? undefined : await obtainTarball(origin, file, await npm.open(), op);
      const { integrity } = entry;
      const written = integrity !== undefined && integrity.type !== 'null';
      const expected = written ? expectedIntegrity(entry, false) : claims?.expected;
      await using opened = await openTarballFile(path, shownPackage(entry), expected ? [expected.algorithm] : [], op);
      if (expected !== undefined) checkHash(entry, expected, opened.hash(expected.algorithm));
      const { version } = claims ?? {};
      return {
        package: version === undefined ? entry.package : `${npmKey(entry.package)}@${version}`,
        integrity: `sha512-${opened.hash('sha512')}`,
        bytes: opened.layer.size,
        path,
      };
    },
    [Symbol.asyncDispose]: () => npm[Symbol.asyncDispose](),
  };
}
