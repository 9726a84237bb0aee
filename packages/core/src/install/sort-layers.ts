import { type Descriptor, isGantryError, type Op, ociLimits } from '@gantry/oci';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import type { DiskStore } from '../store/content-store.ts';
import { headOf, isAmbiguous, isContent, isExtracted } from './layer-form.ts';
import { mapParallel } from './map-parallel.ts';

/** Layers that are extracted, and layers that are files; the latter are in the store when this returns. */
export interface SortedLayers {
  readonly archives: readonly Descriptor[];
  readonly raw: readonly Descriptor[];
}

/** Tells layers apart by their types, and by their first bytes where the types leave it open; fetches what that takes. */
export async function sortLayers(store: DiskStore, plugin: ResolvedPlugin, op?: Op): Promise<SortedLayers> {
  const layers = plugin.layers.filter(isContent);
  const extracted = await mapParallel(layers, ociLimits(op, 'parallelTransfers'), async (layer) => {
    const fetchNow = isAmbiguous(layer) || !isExtracted(layer, undefined);
    if (fetchNow) await store.fetch(layer, plugin.content, op);
    if (!isAmbiguous(layer)) return isExtracted(layer, undefined);
    return isExtracted(layer, await readHealed(store, plugin, layer, () => headOf(store, layer, op), op));
  });
  return {
    archives: layers.filter((_, index) => extracted[index]),
    raw: layers.filter((_, index) => !extracted[index]),
  };
}

/** Reads a blob from the store; one whose bytes changed there, which the store has put away, is fetched once more (E6). */
export async function readHealed<T>(
  store: DiskStore,
  plugin: ResolvedPlugin,
  layer: Descriptor,
  read: () => Promise<T>,
  op?: Op,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isGantryError(error) || error.code !== 'CONTENT_DIGEST_MISMATCH') throw error;
    await store.fetch(layer, plugin.content, op);
    return await read();
  }
}
