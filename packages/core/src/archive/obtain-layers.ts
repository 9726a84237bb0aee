import { type Descriptor, isGantryError, type Op, ociLimits } from '@gantry/oci';
import type { FileSystem } from '../files/file-system.ts';
import type { GrowingFile, LayerSupply } from '../files/growing-file.ts';
import type { ArchiveProfile } from './archive-profile.ts';
import { createGate, type Gate } from './gate.ts';
import { withInflateSlot } from './inflate-slots.ts';
import type { LayerListing } from './layer-listing.ts';
import { runLayer } from './run-layer.ts';
import type { Selection } from './selection.ts';

/** What extraction needs to know, defaults applied. */
export interface ObtainOptions {
  readonly profile: ArchiveProfile;
  readonly groupWritable: boolean;
  readonly fileSystem: FileSystem;
  readonly selection?: Selection;
  /** Bounds the downloads of several calls together; by default each call has `parallelTransfers` of its own. */
  readonly transfers?: Gate;
}

/**
 * Downloads layers and extracts each into its own directory, both as far in parallel as their limits allow. The first
 * failure ends all of them; when this settles nothing is running any more.
 */
export async function obtainLayers(
  layers: readonly Descriptor[],
  directories: readonly string[],
  supply: LayerSupply,
  options: ObtainOptions,
  op?: Op,
): Promise<LayerListing[]> {
  const failed = new AbortController();
  const signal = op?.signal === undefined ? failed.signal : AbortSignal.any([op.signal, failed.signal]);
  const inner: Op = { ...op, signal };
  const transfers = options.transfers ?? createGate(ociLimits(op, 'parallelTransfers'));
  const work = layers.map(async (layer, index) => {
    try {
      return await obtainLayer(layer, directories[index] ?? '', supply, options, transfers, failed, inner);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(work);
  op?.signal?.throwIfAborted();
  // All are settled: the reason is the first failure, the others followed from it.
  if (failed.signal.aborted) throw failed.signal.reason;
  return await Promise.all(work);
}

async function obtainLayer(
  layer: Descriptor,
  directory: string,
  supply: LayerSupply,
  options: ObtainOptions,
  transfers: Gate,
  failed: AbortController,
  op: Op,
): Promise<LayerListing> {
  const { fileSystem, profile, groupWritable, selection } = options;
  for (let attempt = 1; ; attempt += 1) {
    const { file, state } = await openLayer(layer, supply, transfers, op);
    await using _file = file;
    try {
      const listing = await withInflateSlot(op, async () => {
        op.signal?.throwIfAborted();
        return await runLayer(
          { layer: essence(layer), fd: file.fd, directory, profile, groupWritable, selection },
          file,
          fileSystem,
          op,
          (done) => op.onEvent?.({ type: 'progress', action: 'extract', descriptor: layer, done, total: layer.size }),
        );
      });
      await file.whole;
      return listing;
    } catch (error) {
      // The store had the blob, and its bytes changed since: they go away and are fetched again, once (E6).
      const damaged = state.whole && isGantryError(error) && error.code === 'CONTENT_DIGEST_MISMATCH';
      if (!damaged || attempt > 1) {
        // Before the file is disposed, which waits for the end of a download that was cancelled.
        failed.abort(error);
        throw error;
      }
      supply.reject(layer);
      fileSystem.removeTree(directory);
      fileSystem.mkdir(directory, 0o700);
    }
  }
}

async function openLayer(
  layer: Descriptor,
  supply: LayerSupply,
  transfers: Gate,
  op: Op,
): Promise<{ readonly file: GrowingFile; readonly state: { whole: boolean } }> {
  const leave = await transfers.enter();
  try {
    op.signal?.throwIfAborted();
    const file = await supply.open(layer, op);
    const state = { whole: false };
    file.whole.then(
      () => {
        state.whole = true;
        leave();
      },
      () => leave(),
    );
    return { file, state };
  } catch (error) {
    leave();
    throw error;
  }
}

/** What a worker needs of a descriptor; annotations and embedded data stay here. */
function essence({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
