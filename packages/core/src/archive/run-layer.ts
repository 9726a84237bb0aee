import type { Op } from '@gantry/oci';
import { type FileSystem, systemFileSystem } from '../files/file-system.ts';
import type { GrowingFile } from '../files/growing-file.ts';
import { extractLayer, type Growth, type LayerJob } from './extract-layer.ts';
import type { LayerListing } from './layer-listing.ts';
import { type LayerTask, unpackError } from './layer-messages.ts';

/** Below this a worker's start costs more than what it does. Bytes, compressed. */
const INLINE = 256 * 1024;
const REPORT_EVERY = 4 * 1024 * 1024;

/**
 * Extracts one layer, in a worker thread unless it is small or the file system is not the real one. Rejects as soon as the
 * file's writer fails. Nothing works on the layer any more when it settles.
 */
export async function runLayer(
  job: LayerJob,
  file: GrowingFile,
  fileSystem: FileSystem,
  op: Op | undefined,
  report: (done: number) => void,
): Promise<LayerListing> {
  if (fileSystem !== systemFileSystem || job.layer.size <= INLINE) {
    return await extractLayer(job, growthOf(file), fileSystem, op, report);
  }
  return await inWorker(job, file, op, report);
}

function growthOf(file: GrowingFile): Growth {
  let wake = (): void => {};
  file.onGrowth(() => wake());
  return {
    get available() {
      return file.available;
    },
    more: () =>
      new Promise((resolve, reject) => {
        wake = resolve;
        // Fulfilled means that everything is there; the reader looks again.
        file.whole.then(resolve, reject);
      }),
  };
}

async function inWorker(
  job: LayerJob,
  file: GrowingFile,
  op: Op | undefined,
  report: (done: number) => void,
): Promise<LayerListing> {
  // Only here: a warm start must not pay for it.
  const { takeLayerThread } = await import('./layer-threads.ts');
  op?.signal?.throwIfAborted();
  const task: LayerTask = { job, limits: op?.limits ?? {}, available: file.available, reportEvery: REPORT_EVERY };
  const answer = Promise.withResolvers<LayerListing>();
  const thread = takeLayerThread({
    message: (message) => {
      if (message.type === 'progress') report(message.done);
      else if (message.type === 'done') answer.resolve(message.listing);
      else answer.reject(unpackError(message.error));
    },
    ended: (error) => answer.reject(error),
  });
  thread.start(task);
  file.onGrowth((available) => thread.grown(available));
  file.whole.then(
    () => thread.grown(job.layer.size),
    (error: unknown) => answer.reject(error),
  );
  const abort = (): void => answer.reject(op?.signal?.reason);
  op?.signal?.addEventListener('abort', abort, { once: true });
  try {
    const listing = await answer.promise;
    thread.release();
    return listing;
  } catch (error) {
    await thread.terminate();
    throw error;
  } finally {
    op?.signal?.removeEventListener('abort', abort);
  }
}
