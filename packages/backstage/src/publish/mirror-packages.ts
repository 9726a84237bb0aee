import { mkdirSync, renameSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { installFault } from '@gantry/core';
import type { Op } from '@gantry/oci';
import type { PluginEntry } from '../config/plugin-entry.ts';
import { checkHash, expectedIntegrity } from '../npm/integrity.ts';
import type { Tarballs } from '../npm/open-tarballs.ts';
import { shownPackage } from '../npm/shown-package.ts';
import { openTarballFile } from '../npm/tarball-file.ts';
import type { MirroredPackage } from './mirror-record.ts';

/** Where packages are kept in a mirror directory. */
const DIRECTORY = 'packages';

/**
 * Brings a package that is no image into a mirror directory as a file. One that an earlier run left there is kept, when its
 * bytes are still right and the configuration means just them. Throws what obtaining a tarball throws, `INSTALL_IO`.
 */
export async function mirrorPackage(
  entry: PluginEntry,
  directory: string,
  before: readonly MirroredPackage[],
  tarballs: Tarballs,
  op?: Op,
): Promise<MirroredPackage> {
  const known = before.find((one) => one.package === shownPackage(entry));
  if (known !== undefined && (await isStillRight(entry, join(directory, known.file), known, op))) return known;
  let place: string | undefined;
  try {
    mkdirSync(join(directory, DIRECTORY), { recursive: true });
    place = await mkdtemp(join(directory, DIRECTORY, '.part-'));
    const part = join(place, 'package.tgz');
    const found = await tarballs.obtain(entry, part, op);
    if (found.path !== part) await copyFile(found.path, part);
    const file = `${DIRECTORY}/${fileName(found.package, found.integrity)}`;
    renameSync(part, join(directory, file));
    const resolved = found.package === entry.package ? shownPackage(entry) : found.package;
    return { package: shownPackage(entry), resolved, file, integrity: found.integrity };
  } catch (error) {
    throw installFault(error, `write below ${directory}`);
  } finally {
    if (place !== undefined) await rm(place, { recursive: true, force: true });
  }
}

/** A range or a tag may mean other bytes by now, unless an integrity says which. */
async function isStillRight(entry: PluginEntry, path: string, known: MirroredPackage, op?: Op): Promise<boolean> {
  const expected = hasIntegrity(entry) ? expectedIntegrity(entry, false) : undefined;
  if (expected === undefined && known.resolved !== known.package) return false;
  try {
    const algorithms = expected === undefined ? [] : [expected.algorithm];
    await using file = await openTarballFile(path, shownPackage(entry), algorithms, op);
    if (expected !== undefined) checkHash(entry, expected, file.hash(expected.algorithm));
    return `sha512-${file.hash('sha512')}` === known.integrity;
  } catch {
    op?.signal?.throwIfAborted();
    // Gone, damaged, or no longer what the configuration wants: it is fetched.
    return false;
  }
}

function hasIntegrity({ integrity }: PluginEntry): boolean {
  return integrity !== undefined && integrity.type !== 'null';
}

/** A name that people recognise, with so much of the hash that no two packages share it. */
function fileName(name: string, integrity: string): string {
  const [plain = ''] = name.split(/[?#]/);
  const last = /^https?:/.test(plain) ? (plain.split('/').at(-1) ?? '') : plain;
  const readable = last
    .replace(/\.tgz$/, '')
    .replaceAll(/[^A-Za-z0-9._]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(-100);
  const hash = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex').slice(0, 12);
  return `${readable || 'package'}-${hash}.tgz`;
}
