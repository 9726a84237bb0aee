import { join } from 'node:path';
import type { Descriptor, Op } from '@gantry/oci';
import { extractLayers } from '../archive/extract-layers.ts';
import type { ExtractedFile } from '../archive/extraction.ts';
import { openFlags, systemFileSystem } from '../files/file-system.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { classifyHead, HEAD_BYTES } from '../source/magic.ts';
import type { DiskStore } from '../store/content-store.ts';
import type { InstalledFile, InstalledLink } from './content-record.ts';
import { profileOf } from './layer-form.ts';
import { isGroupWritable, type RootContext, rootModes } from './root-context.ts';

/** What the archives of a plugin left in the tree. */
export interface ExtractedTree {
  readonly files: readonly InstalledFile[];
  readonly links: readonly InstalledLink[];
}

/** Extracts the archive layers of a plugin into `tree`, which must not exist, under the profile that fits. */
export async function extractArchives(
  context: RootContext,
  store: DiskStore,
  plugin: ResolvedPlugin,
  archives: readonly Descriptor[],
  tree: string,
  op?: Op,
): Promise<ExtractedTree> {
  const profile = profileOf(plugin);
  const { fileSystem } = context;
  const options = {
    profile,
    groupWritable: isGroupWritable(context),
    // The real file system is used from worker threads, a replaced one from here.
    ...(fileSystem === systemFileSystem ? {} : { fileSystem }),
  };
  const extraction = await extractLayers(archives, store.supply(plugin.content), tree, options, op);
  const [skipped] = extraction.skipped;
  if (skipped !== undefined) {
    const message = `${extraction.skipped.length} links that lead out of the image were left out`;
    op?.onEvent?.({ type: 'warning', from: plugin.reference, message });
  }
  const files = extraction.files.map((file) => ({
    path: file.path,
    size: file.size,
    executable: profile === 'strict' ? markExecutable(context, tree, file) : (file.mode & 0o100) !== 0,
    digest: file.digest,
  }));
  return { files, links: extraction.links };
}

/** The strict profile takes no mode from the archive: what its bytes say is executable can be executed. */
function markExecutable(context: RootContext, tree: string, file: ExtractedFile): boolean {
  const { fileSystem } = context;
  const fd = fileSystem.open(join(tree, file.path), openFlags.read);
  try {
    const head = new Uint8Array(Math.min(HEAD_BYTES, file.size));
    const count = head.length === 0 ? 0 : fileSystem.read(fd, head, 0);
    if (classifyHead(head.subarray(0, count)) !== 'executable') return false;
    fileSystem.chmod(fd, rootModes(context).executable);
    fileSystem.sync(fd);
    return true;
  } finally {
    fileSystem.close(fd);
  }
}
