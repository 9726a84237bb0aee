import { closeSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Descriptor, digestOf, type Op } from '@gantry/oci';
import { tempDir } from '@gantry/testkit';
import type { LayerSupply } from '../files/growing-file.ts';
import { type ExtractOptions, extractLayers } from './extract-layers.ts';
import type { Extraction } from './extraction.ts';

export const TAR = 'application/vnd.oci.image.layer.v1.tar';
export const TAR_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const TAR_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

/** A layer as bytes. */
export interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A layer that is plain tar. */
export function tarLayer(bytes: Uint8Array): Layer {
  return { mediaType: TAR, bytes };
}

/** Layers in files of their own, whole from the start. */
export function filesSupply(directory: string, layers: readonly Layer[]): { supply: LayerSupply; what: Descriptor[] } {
  const what = layers.map(({ mediaType, bytes }) => ({ mediaType, digest: digestOf(bytes), size: bytes.length }));
  for (const [index, { bytes }] of layers.entries()) {
    writeFileSync(join(directory, what[index]?.digest ?? ''), bytes, { mode: 0o600 });
  }
  return {
    what,
    supply: {
      open: async ({ digest, size }) => {
        const fd = openSync(join(directory, digest), 'r');
        return {
          fd,
          available: size,
          onGrowth: () => {},
          whole: Promise.resolve(),
          [Symbol.asyncDispose]: async () => closeSync(fd),
        };
      },
      reject: () => {},
    },
  };
}

/** An extraction into a fresh directory beside a sentinel. */
export interface Trial {
  readonly destination: string;
  /** What stands beside the destination and in it after a failure: nothing but the sentinel. */
  litter(): string[];
  run(options: ExtractOptions, op?: Op): Promise<Extraction>;
}

/** Prepares an extraction of layers, lowest first. */
export async function trial(t: TestContext, ...layers: readonly Layer[]): Promise<Trial> {
  const directory = await tempDir(t);
  const { supply, what } = filesSupply(await tempDir(t), layers);
  writeFileSync(join(directory, 'sentinel'), 'untouched');
  const destination = join(directory, 'tree');
  return {
    destination,
    litter: () => readdirSync(directory).filter((name) => name !== 'sentinel'),
    run: (options, op) => extractLayers(what, supply, destination, options, op),
  };
}

/** The paths of an extraction's files. */
export function paths(extraction: Extraction): string[] {
  return extraction.files.map(({ path }) => path);
}
