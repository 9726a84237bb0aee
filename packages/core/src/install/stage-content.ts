import { join } from 'node:path';
import type { Op } from '@gantry/oci';
import { publishFile, syncDirectory } from '../files/durable.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import type { DiskStore } from '../store/content-store.ts';
import { type ContentRecord, encodeContentRecord, type InstalledFile } from './content-record.ts';
import { extractArchives } from './extract-archives.ts';
import type { Lap } from './laps.ts';
import { writeRawLayer } from './raw-layers.ts';
import { makePublic, type RootContext, rootModes } from './root-context.ts';
import { readHealed, sortLayers } from './sort-layers.ts';

/**
 * Fetches the layers of a plugin and builds its content in a private directory: `tree` and `files.json`, everything
 * synced, nothing visible to anybody. The tree follows from the manifest alone, so names can share it.
 */
export async function stageContent(
  context: RootContext,
  store: DiskStore,
  plugin: ResolvedPlugin,
  staged: string,
  lap: Lap,
  op?: Op,
): Promise<ContentRecord> {
  const tree = join(staged, 'tree');
  const modes = rootModes(context);
  const { archives, raw } = await sortLayers(store, plugin, op);
  const extracted = archives.length > 0 ? await extractArchives(context, store, plugin, archives, tree, op) : undefined;
  if (extracted === undefined) makePublic(context.fileSystem, tree, modes.directory);
  // Archives are extracted while they arrive, so that is part of fetching them.
  lap('fetch', plugin.manifest.digest, op);
  const written: InstalledFile[] = [];
  for (const layer of raw) {
    const write = (): Promise<InstalledFile> => writeRawLayer(context, store, layer, tree, op);
    written.push(await readHealed(store, plugin, layer, write, op));
  }
  syncDirectory(context.fileSystem, tree);
  const record: ContentRecord = {
    schemaVersion: 1,
    manifest: plugin.manifest.digest,
    files: [...(extracted?.files ?? []), ...written],
    links: extracted?.links ?? [],
    raw: written.map((file) => file.path),
  };
  context.fileSystem.reached('install.tree-written');
  publishFile(context.fileSystem, join(staged, 'files.json'), encodeContentRecord(record).bytes, modes.file);
  return record;
}
