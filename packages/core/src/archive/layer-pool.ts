import { join } from 'node:path';
import { type Descriptor, type Digest, type Op, ociLimits } from '@gantry/oci';
import { randomName } from '../files/durable.ts';
import { type FileSystem, systemFileSystem } from '../files/file-system.ts';
import type { LayerSupply } from '../files/growing-file.ts';
import { stagingFault } from './archive-fault.ts';
import { archiveRules } from './archive-profile.ts';
import { assembleTree } from './assemble-tree.ts';
import type { Extraction } from './extraction.ts';
import { createGate, type Gate } from './gate.ts';
import type { LayerListing } from './layer-listing.ts';
import { type MergedTree, mergeLayers } from './merged-tree.ts';
import { obtainLayers } from './obtain-layers.ts';
import { type Selection, selects } from './selection.ts';
import { publishedModes } from './tree-writer.ts';

/** What the images of one run have in common. */
export interface LayerPoolOptions {
  /** Private; everything is written below it, and it is swept by whoever made it. */
  readonly directory: string;
  /** Give the group write permission. Default false. */
  readonly groupWritable?: boolean;
  /** Replaces the real file system. */
  readonly fileSystem?: FileSystem;
}

/** Parts of one image. */
export interface PooledImage {
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  readonly supply: LayerSupply;
  readonly selection: Selection;
  /** Top directories of other images that may have the same layers: extracted along, so that no layer has to come again. */
  readonly also: readonly string[];
  /**
   * Fulfilled when every image that will come was expected: what others still want is kept then, and everything else moved.
   */
  readonly expectedAll: Promise<void>;
}

/** What an image became. */
export interface PooledExtraction {
  /** Absolute. May hold top directories that were not selected. */
  readonly directory: string;
  readonly extraction: Extraction;
}

/** Extracts images of one run; a layer that several of them have is downloaded and inflated once. */
export interface LayerPool {
  /** Says that {@link LayerPool.extract} will be asked for an image with these layers. */
  expect(layers: readonly Descriptor[]): void;
  /**
   * Extracts an image that was expected, profile `image`. Not synced: whoever publishes it does that. A selection that no
   * earlier extraction of a layer covers costs another download of it. Throws as `extractLayers`.
   */
  extract(image: PooledImage, op?: Op): Promise<PooledExtraction>;
}

interface PooledLayer {
  readonly directory: string;
  readonly selection: Selection;
  readonly listing: Promise<LayerListing>;
}

/** Opens a pool for one run. */
export function openLayerPool(options: LayerPoolOptions): LayerPool {
  const { directory: staging, groupWritable = false, fileSystem = systemFileSystem } = options;
  const profile = 'image';
  const modes = publishedModes(groupWritable);
  const layers = new Map<Digest, PooledLayer>();
  const users = new Map<Digest, number>();
  let transfers: Gate | undefined;

  const count = (image: readonly Descriptor[], by: 1 | -1): void => {
    for (const { digest } of distinct(image)) users.set(digest, (users.get(digest) ?? 0) + by);
  };

  const fresh = (): string => {
    const path = join(staging, randomName('layer-'));
    fileSystem.mkdir(path, 0o700);
    return path;
  };

  const obtain = (layer: Descriptor, { supply, also, ...image }: PooledImage, op?: Op): PooledLayer => {
    const tops = [...new Set([...image.selection.tops, ...also])];
    const selection = { ...image.selection, tops };
    const known = layers.get(layer.digest);
    if (known !== undefined && covers(known.selection, image.selection)) return known;
    transfers ??= createGate(ociLimits(op, 'parallelTransfers'));
    const directory = fresh();
    const settings = { profile, groupWritable, fileSystem, selection, transfers } as const;
    const listing = obtainLayers([layer], [directory], supply, settings, op).then(([only]) => only ?? EMPTY);
    const pooled = { directory, selection, listing };
    layers.set(layer.digest, pooled);
    // Whoever waits for it gets the failure; whoever comes later tries again.
    listing.catch(() => {
      if (layers.get(layer.digest) === pooled) layers.delete(layer.digest);
    });
    return pooled;
  };

  const merge = async (
    image: PooledImage,
    op?: Op,
  ): Promise<{ readonly pooled: readonly PooledLayer[]; readonly merged: MergedTree }> => {
    const pooled = image.layers.map((layer) => obtain(layer, image, op));
    const settled = await Promise.allSettled(pooled.map(({ listing }) => listing));
    for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
    const listings = await Promise.all(pooled.map(({ listing }) => listing));
    const merged = mergeLayers(listings, archiveRules(profile, groupWritable, image.selection), op);
    if (merged.missing.size === 0) return { pooled, merged };
    // Bytes that the selection needs went by unwritten: once more, with the directories that hold them.
    const tops = [...image.selection.tops, ...merged.missing];
    return await merge({ ...image, selection: { ...image.selection, tops } }, op);
  };

  const extract = async (image: PooledImage, op?: Op): Promise<PooledExtraction> => {
    const { pooled, merged } = await merge(image, op);
    await image.expectedAll;
    op?.signal?.throwIfAborted();
    const wanted = selects(image.selection);
    for (const name of merged.root.children.keys()) if (!wanted(name)) merged.root.children.delete(name);
    // Without a pause up to here and to the end: who comes last may take the files away.
    const kept = new Set<number>();
    for (const [index, { digest }] of image.layers.entries()) {
      const again = image.layers.filter((other) => other.digest === digest).length > 1;
      if (again || (users.get(digest) ?? 0) > 1) kept.add(index);
    }
    const [only] = pooled;
    const inPlace = pooled.length === 1 && kept.size === 0 && only !== undefined;
    const destination = inPlace ? only.directory : fresh();
    const extraction = assembleTree(fileSystem, merged, {
      destination,
      directories: pooled.map(({ directory }) => directory),
      rules: archiveRules(profile, groupWritable, image.selection),
      modes,
      kept,
    });
    for (const [index, { digest }] of image.layers.entries()) if (!kept.has(index)) layers.delete(digest);
    if (!inPlace)
      for (const [index, { directory }] of pooled.entries()) if (!kept.has(index)) fileSystem.removeTree(directory);
    return { directory: destination, extraction };
  };

  return {
    expect: (image) => count(image, 1),
    extract: async (image, op) => {
      try {
        return await extract(image, op);
      } catch (error) {
        throw stagingFault(error);
      } finally {
        count(image.layers, -1);
      }
    },
  };
}

const EMPTY: LayerListing = { entries: [], inflated: 0 };

function covers(has: Selection, wanted: Selection): boolean {
  return has.fileBytes === wanted.fileBytes && wanted.tops.every((top) => has.tops.includes(top));
}

function distinct(layers: readonly Descriptor[]): Descriptor[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}
