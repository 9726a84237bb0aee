import { join } from 'node:path';
import type { Descriptor, Op } from '@gantry/oci';
import { errorCode, randomName } from '../files/durable.ts';
import { type FileSystem, openFlags, systemFileSystem } from '../files/file-system.ts';
import type { LayerSupply } from '../files/growing-file.ts';
import { syncTree } from '../files/sync-tree.ts';
import { stagingFault } from './archive-fault.ts';
import { type ArchiveProfile, archiveRules } from './archive-profile.ts';
import { assembleTree } from './assemble-tree.ts';
import type { Extraction } from './extraction.ts';
import { mergeLayers } from './merged-tree.ts';
import { obtainLayers } from './obtain-layers.ts';
import { publishedModes } from './tree-writer.ts';

/** How layers are extracted. */
export interface ExtractOptions {
  readonly profile: ArchiveProfile;
  /** Give the group write permission, where the receiving root is shared by a group. Default false. */
  readonly groupWritable?: boolean;
  /** Replaces the real file system; extraction then stays on the calling thread. */
  readonly fileSystem?: FileSystem;
}

/**
 * Extracts layers, lowest first, into `destination`, which must not exist: it is created 0700, and has its published mode
 * and is synced when this returns. Each layer is inflated once, in a worker thread, while it is still downloaded. On any
 * error nothing is left of the destination.
 *
 * Throws `ARCHIVE_INVALID`, `ARCHIVE_UNSAFE_PATH`, `ARCHIVE_UNSAFE_LINK`, `ARCHIVE_UNSAFE_ENTRY`, `ARCHIVE_COLLISION`,
 * `ARCHIVE_LIMIT`, `CONTENT_TYPE_MISMATCH`, `CONTENT_DIGEST_MISMATCH`, what the supply throws, `STORE_FULL`, `INSTALL_IO`.
 */
export async function extractLayers(
  layers: readonly Descriptor[],
  supply: LayerSupply,
  destination: string,
  options: ExtractOptions,
  op?: Op,
): Promise<Extraction> {
  const fileSystem = options.fileSystem ?? systemFileSystem;
  const groupWritable = options.groupWritable ?? false;
  const rules = archiveRules(options.profile, groupWritable);
  const modes = publishedModes(groupWritable);
  try {
    fileSystem.mkdir(destination, 0o700);
  } catch (error) {
    throw stagingFault(error);
  }
  try {
    // One layer goes straight to its place; several are put together by renaming.
    const parts = layers.length > 1 ? join(destination, randomName('.layers-')) : undefined;
    if (parts !== undefined) fileSystem.mkdir(parts, 0o700);
    const directories = layers.map((_, index) => (parts === undefined ? destination : join(parts, String(index))));
    if (parts !== undefined) for (const directory of directories) fileSystem.mkdir(directory, 0o700);
    const listings = await obtainLayers(layers, directories, supply, { ...options, groupWritable, fileSystem }, op);
    const merged = mergeLayers(listings, rules, op);
    const extraction = assembleTree(fileSystem, merged, { destination, directories, rules, modes });
    if (parts !== undefined) fileSystem.removeTree(parts);
    setMode(fileSystem, destination, modes.directory);
    await syncTree(fileSystem, destination, extraction);
    fileSystem.reached('extract.synced');
    return extraction;
  } catch (error) {
    try {
      fileSystem.removeTree(destination);
    } catch (failure) {
      // The sweep of abandoned staging gets it; the first error is the one to report.
      if (errorCode(failure) === undefined) throw failure;
    }
    throw stagingFault(error);
  }
}

function setMode(fileSystem: FileSystem, directory: string, mode: number): void {
  if (process.platform === 'win32') return;
  const fd = fileSystem.open(directory, openFlags.directory);
  try {
    fileSystem.chmod(fd, mode);
  } finally {
    fileSystem.close(fd);
  }
}
