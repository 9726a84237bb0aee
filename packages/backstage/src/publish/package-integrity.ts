import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isPath } from '@gantry/core';
import { escapeRemote, type Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { OCI_SCHEME } from '../config/package-key.ts';
import { namedPackage } from '../npm/named-package.ts';
import { openTarballs, type TarballOptions } from '../npm/open-tarballs.ts';

/** What an entry of dynamic-plugins.yaml needs to say about a package. */
export interface PackageIntegrity {
  /** With the exact version, for a package of a registry. */
  readonly package: string;
  /** `sha512-…`. */
  readonly integrity: string;
  readonly bytes: number;
}

/**
 * The integrity of a package: an https URL of a tarball, a local one, or whatever npm reads as a package of a registry.
 * The bytes are fetched and hashed, nothing is kept and nothing runs. Throws `CONFIG_PACKAGE` for a directory or an image,
 * and what fetching throws.
 */
export async function packageIntegrity(spec: string, options: TarballOptions, op?: Op): Promise<PackageIntegrity> {
  refuseOthers(spec, options.directory);
  const place = await mkdtemp(join(tmpdir(), 'gantry-integrity-'));
  try {
    await using tarballs = openTarballs(options);
    const found = await tarballs.obtain(namedPackage(spec), join(place, 'package.tgz'), op);
    return { package: found.package, integrity: found.integrity, bytes: found.bytes };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

function refuseOthers(spec: string, directory: string): void {
  const shown = escapeRemote(spec, 400);
  if (spec.startsWith(OCI_SCHEME)) {
    throw backstageError('CONFIG_PACKAGE', `${shown} is an image, which its digest stands for`, {
      hint: 'gantry backstage pin writes digests into dynamic-plugins.yaml',
    });
  }
  if (isPath(spec) && statSync(resolve(directory, spec), { throwIfNoEntry: false })?.isDirectory() === true) {
    throw backstageError('CONFIG_PACKAGE', `${shown} is a directory, which needs no integrity`, {
      hint: 'leave integrity out: local directories are not checked',
    });
  }
}
