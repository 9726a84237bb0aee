import type { ContentSource, Descriptor, Digest, Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { errorCode } from '../files/durable.ts';
import { openFlags } from '../files/file-system.ts';
import type { GrowingFile, LayerSupply } from '../files/growing-file.ts';
import { type BlobDownload, startDownload } from './blob-download.ts';
import type { DiskIngest } from './disk-ingest.ts';
import type { StoreContext } from './store-context.ts';
import { storeFault } from './store-fault.ts';
import { isStored, openBlob, quarantineBlob } from './stored-blob.ts';

/** Brings blobs into the store, each at most once at a time in this process and, by a lock, among processes. */
export interface Fetcher {
  fetch(what: Descriptor, source: ContentSource, op?: Op): Promise<void>;
  supply(source: ContentSource): LayerSupply;
}

/** The fetcher of one open store. */
export function createFetcher(context: StoreContext): Fetcher {
  const running = new Map<Digest, BlobDownload>();

  const join = (what: Descriptor, source: ContentSource, op?: Op): BlobDownload => {
    const known = running.get(what.digest);
    if (known !== undefined) return known;
    const download = startDownload(context, what, source, op);
    running.set(what.digest, download);
    const forget = (): void => void running.delete(what.digest);
    download.whole.then(forget, forget);
    return download;
  };

  /**
   * Somebody else's cancellation is not ours, nor is the failure of a source that is not ours: then the work starts again
   * under our own signal and from our own source.
   */
  const attempt = async <T>(
    download: BlobDownload,
    source: ContentSource,
    work: Promise<T>,
    op?: Op,
  ): Promise<T | undefined> => {
    try {
      return await orAborted(work, op?.signal);
    } catch (error) {
      const others = download.signal?.aborted || download.source !== source;
      if (others && !op?.signal?.aborted) return undefined;
      await ownEnd(download, op);
      throw error;
    }
  };

  const fetch = async (what: Descriptor, source: ContentSource, op?: Op): Promise<void> => {
    for (;;) {
      op?.signal?.throwIfAborted();
      if (isStored(context, what)) return markUsed(context, what, op);
      const download = join(what, source, op);
      if (
        (await attempt(
          download,
          source,
          download.whole.then(() => true),
          op,
        )) === true
      )
        return;
    }
  };

  const open = async (what: Descriptor, source: ContentSource, op?: Op): Promise<GrowingFile> => {
    for (;;) {
      op?.signal?.throwIfAborted();
      if (isStored(context, what)) {
        markUsed(context, what, op);
        return storedFile(context, what);
      }
      const download = join(what, source, op);
      if (download.source !== source) {
        // What another source still sends may never become whole; only that it is stored counts.
        await attempt(download, source, download.whole, op);
        continue;
      }
      const begun = await attempt(
        download,
        source,
        download.begun.then((ingest) => ({ ingest })),
        op,
      );
      if (begun === undefined) continue;
      const file = begun.ingest && arrivingFile(context, what, begun.ingest, download, op);
      if (file !== undefined) return file;
      await download.whole;
    }
  };

  return {
    fetch,
    supply: (source) => ({
      open: (layer, op) => open(layer, source, op),
      reject: (layer) => quarantineBlob(context, layer.digest),
    }),
  };
}

/** A blob asked for counts as young again, so that `prune` leaves it. Only now and then, and never a reason to fail. */
function markUsed(context: StoreContext, what: Descriptor, op: Op | undefined): void {
  const path = context.layout.blob(what.digest);
  const stats = context.fileSystem.lstat(path);
  const now = context.clock.now();
  if (stats === undefined || now - stats.mtimeMs < coreLimits(op, 'blobAge') / 2) return;
  try {
    context.fileSystem.touch(path, now);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

function storedFile(context: StoreContext, what: Descriptor): GrowingFile {
  const { fd, size } = openBlob(context, what);
  return {
    fd,
    available: size,
    onGrowth: () => {},
    whole: Promise.resolve(),
    [Symbol.asyncDispose]: async () => context.fileSystem.close(fd),
  };
}

function arrivingFile(
  context: StoreContext,
  what: Descriptor,
  ingest: DiskIngest,
  download: BlobDownload,
  op: Op | undefined,
): GrowingFile | undefined {
  let fd: number;
  try {
    fd = context.fileSystem.open(ingest.path, openFlags.read);
  } catch (error) {
    // Committed in the meantime.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw storeFault(error, 'read', what.digest);
  }
  return {
    fd,
    get available() {
      return ingest.written;
    },
    onGrowth: (listener) => download.onGrowth(listener),
    whole: download.whole,
    [Symbol.asyncDispose]: async () => {
      context.fileSystem.close(fd);
      await ownEnd(download, op);
    },
  };
}

/** Who cancels a download waits until it has cleaned up. Somebody else's goes on. */
async function ownEnd(download: BlobDownload, op: Op | undefined): Promise<void> {
  if (download.signal?.aborted && download.signal === op?.signal) await download.whole.catch(() => {});
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
