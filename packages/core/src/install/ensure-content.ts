import { join } from 'node:path';
import type { Digest, Op } from '@gantry/oci';
import { errorCode, publishDirectory, randomName } from '../files/durable.ts';
import { openFlags } from '../files/file-system.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import type { DiskStore } from '../store/content-store.ts';
import type { Lap } from './laps.ts';
import { type ReadyContent, readContentRecord } from './read-content-record.ts';
import { contentDirectory, makeStaging, type RootContext, rootModes, treeDirectory } from './root-context.ts';
import { stageContent } from './stage-content.ts';
import { treeFault } from './verify-tree.ts';

/** How often somebody else may get in between, which already once is rare. */
const ATTEMPTS = 5;

/**
 * Makes sure that the content of a plugin is installed, whole and unchanged. What is there already is hashed again and
 * used; what is damaged is set aside and built anew. The caller holds the content, so it is not collected meanwhile.
 */
export async function ensureContent(
  context: RootContext,
  store: DiskStore,
  plugin: ResolvedPlugin,
  lap: Lap,
  op?: Op,
): Promise<ReadyContent> {
  for (let attempt = 1; ; attempt++) {
    const ready = await intactContent(context, plugin.manifest.digest, op);
    if (ready !== undefined) return ready;
    const published = await buildContent(context, store, plugin, { attempt, lap }, op);
    // What we wrote was hashed while it was written: reading all of it again would tell nothing new.
    const built = published ? readContentRecord(context, plugin.manifest.digest, op) : undefined;
    if (built !== undefined) return built;
  }
}

/** The content when it is there and what its record says; damaged content is set aside. */
async function intactContent(context: RootContext, manifest: Digest, op?: Op): Promise<ReadyContent | undefined> {
  const { fileSystem, paths } = context;
  const directory = contentDirectory(context, manifest);
  if (fileSystem.lstat(directory) === undefined) return undefined;
  const ready = readContentRecord(context, manifest, op);
  if (ready !== undefined) {
    const fault = await treeFault(fileSystem, treeDirectory(context, manifest), ready.record, op).catch(absent);
    if (fault === undefined) return ready;
  }
  const aside = join(paths.staging, randomName('damaged-'));
  fileSystem.rename(directory, aside);
  fileSystem.removeTree(aside);
  return undefined;
}

function absent(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'something is not there';
  throw error;
}

/** False when somebody else was first with the same content; then it is for the next look to judge it. */
async function buildContent(
  context: RootContext,
  store: DiskStore,
  plugin: ResolvedPlugin,
  { attempt, lap }: { readonly attempt: number; readonly lap: Lap },
  op?: Op,
): Promise<boolean> {
  const { fileSystem } = context;
  const staged = makeStaging(context);
  try {
    await stageContent(context, store, plugin, staged, lap, op);
    op?.signal?.throwIfAborted();
    setMode(context, staged, rootModes(context).directory);
    publishDirectory(fileSystem, staged, contentDirectory(context, plugin.manifest.digest));
    return true;
  } catch (error) {
    fileSystem.removeTree(staged);
    const code = errorCode(error);
    if ((code === 'ENOTEMPTY' || code === 'EEXIST') && attempt < ATTEMPTS) return false;
    throw error;
  }
}

function setMode(context: RootContext, path: string, mode: number): void {
  const fd = context.fileSystem.open(path, openFlags.directory);
  try {
    context.fileSystem.chmod(fd, mode);
  } finally {
    context.fileSystem.close(fd);
  }
}
