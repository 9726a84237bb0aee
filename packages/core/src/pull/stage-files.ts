import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, type Digest, digestHex, type Op } from '@gantry/oci';
import { extractLayers } from '../archive/extract-layers.ts';
import { coreError } from '../core-errors.ts';
import { headOf, profileOf } from '../install/layer-form.ts';
import { readHealed, sortLayers } from '../install/sort-layers.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { layerFileName } from '../source/layer-title.ts';
import { classifyHead } from '../source/magic.ts';
import type { DiskStore } from '../store/content-store.ts';

/** The content of an artifact in a private directory. Paths are relative to `tree`, with `/`. */
export interface StagedFiles {
  readonly tree: string;
  readonly files: readonly { readonly path: string; readonly size: number; readonly digest: Digest }[];
  /** Symbolic links, which only image archives may have; they lead to something inside. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

/** Fetches the layers of an artifact and writes them as files below `staging`. */
export async function stageFiles(
  plugin: ResolvedPlugin,
  store: DiskStore,
  staging: string,
  op?: Op,
): Promise<StagedFiles> {
  await using _lease = await store.lease(
    plugin.layers.map(({ digest }) => digest),
    op,
  );
  const tree = join(staging, 'tree');
  const { archives, raw } = await sortLayers(store, plugin, op);
  if (archives.length === 0) mkdirSync(tree, { mode: 0o700 });
  const options = { profile: profileOf(plugin) };
  const supply = store.supply(plugin.content);
  const extracted = archives.length === 0 ? undefined : await extractLayers(archives, supply, tree, options, op);
  const written = [];
  for (const layer of raw) {
    written.push(await readHealed(store, plugin, layer, () => writeRaw(store, layer, tree, op), op));
  }
  return { tree, files: [...(extracted?.files ?? []), ...written], links: extracted?.links ?? [] };
}

async function writeRaw(
  store: DiskStore,
  layer: Descriptor,
  tree: string,
  op?: Op,
): Promise<StagedFiles['files'][number]> {
  const path = layerFileName(layer, op) ?? digestHex(layer.digest).slice(0, 12);
  const head = classifyHead(await headOf(store, layer, op));
  const file = await createNew(join(tree, path), path, layer);
  try {
    for await (const chunk of store.open(layer, op)) await file.writeFile(chunk);
  } catch (error) {
    rmSync(join(tree, path), { force: true });
    throw error;
  } finally {
    await file.close();
  }
  chmodSync(join(tree, path), head === 'executable' ? 0o755 : 0o644);
  return { path, size: layer.size, digest: layer.digest };
}

async function createNew(file: string, path: string, layer: Descriptor): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    return await open(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw coreError('ARCHIVE_COLLISION', `two layers, one of them ${layer.digest}, have the name ${path}`, {
      details: { digest: layer.digest, path },
    });
  }
}
