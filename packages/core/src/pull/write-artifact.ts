import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Digest, Op } from '@gantry/oci';
import { randomName } from '../files/durable.ts';
import type { DiskStore } from '../store/content-store.ts';
import { VerifiedPlugin } from '../trust/verified-plugin.ts';
import { makeDirectory, makeStaging } from './made-directories.ts';
import { moveIntoPlace } from './move-into-place.ts';
import { stageFiles } from './stage-files.ts';

/** How files are written. */
export interface WriteOptions {
  /** Replace files that have other bytes. Default false. */
  readonly force?: boolean;
}

/** A file that {@link writeArtifact} wrote, or found there with the same bytes. */
export interface WrittenFile {
  /** Relative to the directory, with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
}

/**
 * Writes the content of a verified artifact into a directory that may hold other things: raw layers under the checked
 * base name of their title, without one under the first 12 hex digits of their digest; archives by the profile that
 * fits. Everything is staged inside the directory and checked against what is there before the first file appears; on
 * any error the directory is as it was. No write goes through a link. Throws `INSTALL_FILE_EXISTS`, `INSTALL_IO`,
 * `ARCHIVE_*`, `CONTENT_*`, and what store and source throw.
 */
export async function writeArtifact(
  verified: VerifiedPlugin,
  store: DiskStore,
  directory: string,
  options: WriteOptions = {},
  op?: Op,
): Promise<readonly WrittenFile[]> {
  VerifiedPlugin.assert(verified);
  const target = resolve(directory);
  const undoDirectory = makeDirectory(target);
  const staging = join(target, randomName('.gantry-'));
  try {
    makeStaging(staging);
    const staged = await stageFiles(verified.plugin, store, staging, op);
    op?.signal?.throwIfAborted();
    await moveIntoPlace(staged, target, staging, options.force === true, op);
    return staged.files.map(({ path, size, digest }) => ({ path, size, digest }));
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    undoDirectory();
    throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
