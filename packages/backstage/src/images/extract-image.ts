import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Extraction, type LayerPool, openLayerPool, type ResolvedPlugin, spoolLayers } from '@gantry/core';
import type { Digest, Op } from '@gantry/oci';
import type { ImageResolver } from './resolve-image.ts';

/** What lies in staging of an image. */
export interface ExtractedImage {
  /** Absolute; holds the top directories and files that were asked for and are there. */
  readonly directory: string;
  readonly extraction: Extraction;
  readonly plugin: ResolvedPlugin;
  readonly signer: string;
  /** Compressed bytes of the layers that no image before it had downloaded. */
  readonly bytes: number;
}

/** Images by name, and the top directories and files that are wanted of each. */
export type WantedImages = ReadonlyMap<string, readonly string[]>;

/** Unpacks admitted images of one run; what they share is downloaded and inflated once. */
export interface ImageExtractor {
  announce(wanted: WantedImages, staging: string, op?: Op): void;
  extract(image: string, tops: readonly string[], staging: string, op?: Op): Promise<ExtractedImage>;
}

/** What is in the making below one staging directory. */
interface Stage {
  readonly pool: LayerPool;
  /** Everything that was announced and is extracted, together: layers are shared before it is known by whom. */
  readonly tops: Set<string>;
  /** Images whose layers were counted, ever. */
  readonly seen: Set<string>;
  /** Those of them that are still to be extracted. */
  readonly expected: Set<string>;
  announced: Promise<void>;
}

/** Opens the extractor of one run. Files above `maxEntryBytes` are left out and reported. */
export function openImageExtractor(resolver: Pick<ImageResolver, 'admit'>, maxEntryBytes: number): ImageExtractor {
  const stages = new Map<string, Stage>();
  const counted = new Set<Digest>();

  const stageAt = (staging: string): Stage => {
    const known = stages.get(staging);
    if (known !== undefined) return known;
    const pool = openLayerPool({ directory: staging, groupWritable: isGroupWritable(dirname(staging)) });
    const stage: Stage = { pool, tops: new Set(), seen: new Set(), expected: new Set(), announced: Promise.resolve() };
    stages.set(staging, stage);
    return stage;
  };

  const expect = ({ pool, seen, expected }: Stage, image: string, plugin: ResolvedPlugin): void => {
    if (expected.has(image)) return;
    seen.add(image);
    expected.add(image);
    pool.expect(plugin.layers);
  };

  const countBytes = ({ layers }: ResolvedPlugin): number => {
    let bytes = 0;
    for (const { digest, size } of layers) {
      if (!counted.has(digest)) bytes += size;
      counted.add(digest);
    }
    return bytes;
  };

  return {
    announce: (wanted, staging, op) => {
      const stage = stageAt(staging);
      for (const tops of wanted.values()) for (const top of tops) stage.tops.add(top);
      const before = stage.announced;
      const work = [...wanted.keys()].map(async (image) => {
        try {
          const { plugin } = await resolver.admit(image, op);
          if (!stage.seen.has(image)) expect(stage, image, plugin);
        } catch {
          // Whoever extracts it gets the same failure.
        }
      });
      stage.announced = Promise.all([before, ...work]).then(() => {});
    },
    extract: async (image, tops, staging, op) => {
      const stage = stageAt(staging);
      const { plugin, signer } = await resolver.admit(image, op);
      for (const top of tops) stage.tops.add(top);
      expect(stage, image, plugin);
      const bytes = countBytes(plugin);
      const request = {
        layers: plugin.layers,
        supply: spoolLayers(plugin.content, staging),
        selection: { tops, fileBytes: maxEntryBytes },
        also: [...stage.tops],
        expectedAll: stage.announced,
      };
      // It counts no more once the pool has dealt with it.
      const extracting = stage.pool.extract(request, op);
      stage.expected.delete(image);
      return { ...(await extracting), plugin, signer, bytes };
    },
  };
}

/** Whether a group shares the root (OpenShift: a random uid with gid 0). */
function isGroupWritable(root: string): boolean {
  return ((lstatSync(root, { throwIfNoEntry: false })?.mode ?? 0) & 0o020) !== 0;
}
