import { join } from 'node:path';
import type { ContentSource, Descriptor, Op } from '@gantry/oci';
import { randomName, removeQuietly } from '../files/durable.ts';
import { type FileSystem, openFlags, systemFileSystem } from '../files/file-system.ts';
import type { GrowingFile, LayerSupply } from '../files/growing-file.ts';
import { stagingFault } from './archive-fault.ts';

/**
 * A supply without a store: each blob is downloaded into a file of its own in `directory`, which is private, read along while
 * it arrives, and removed when its reader is done with it. Nothing is kept, so what is asked for twice is downloaded twice.
 */
export function spoolLayers(
  source: ContentSource,
  directory: string,
  fileSystem: FileSystem = systemFileSystem,
): LayerSupply {
  return {
    open: async (layer, op) => spool(source, layer, join(directory, randomName('blob-')), fileSystem, op),
    // The next download starts from nothing anyway.
    reject: () => {},
  };
}

function spool(
  source: ContentSource,
  layer: Descriptor,
  path: string,
  fileSystem: FileSystem,
  op: Op | undefined,
): GrowingFile {
  let available = 0;
  let grown = (_available: number): void => {};
  let reading: number | undefined;
  try {
    const writing = fileSystem.open(path, openFlags.create, 0o600);
    try {
      reading = fileSystem.open(path, openFlags.read);
    } catch (error) {
      fileSystem.close(writing);
      throw error;
    }
    const whole = download(source, layer, op, async (chunk) => {
      await fileSystem.writeAsync(writing, chunk);
      available += chunk.length;
      grown(available);
    }).finally(() => fileSystem.close(writing));
    // The reader hears of it, unless it failed before.
    whole.catch(() => {});
    const fd = reading;
    return {
      fd,
      get available() {
        return available;
      },
      onGrowth: (listener) => {
        grown = listener;
      },
      whole,
      [Symbol.asyncDispose]: async () => {
        fileSystem.close(fd);
        removeQuietly(fileSystem, path);
        await whole.catch(() => {});
      },
    };
  } catch (error) {
    removeQuietly(fileSystem, path);
    throw stagingFault(error);
  }
}

async function download(
  source: ContentSource,
  layer: Descriptor,
  op: Op | undefined,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  try {
    for await (const chunk of layer.data === undefined ? source.open(layer, op) : [layer.data]) {
      op?.signal?.throwIfAborted();
      await write(chunk);
    }
  } catch (error) {
    throw stagingFault(error);
  }
}
