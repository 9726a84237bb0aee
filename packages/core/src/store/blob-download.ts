import { type ContentSource, type Descriptor, digestAlgorithm, digestHex, type Op } from '@gantry/oci';
import { type DiskIngest, startIngest } from './disk-ingest.ts';
import type { StoreContext } from './store-context.ts';
import { acquireLock } from './store-lock.ts';
import { isStored } from './stored-blob.ts';

/** One download into the store, shared by everybody in this process who wants the blob. */
export interface BlobDownload {
  /** The ingest, once bytes are about to arrive here; undefined when the blob was stored by somebody else. */
  readonly begun: Promise<DiskIngest | undefined>;
  /** Fulfilled when the blob is stored, whoever did it. */
  readonly whole: Promise<void>;
  /** Calls back with the bytes that can be read from the ingest. */
  onGrowth(listener: (written: number) => void): void;
  /** Whose signal ends it. */
  readonly signal: AbortSignal | undefined;
  /** Where the bytes come from. */
  readonly source: ContentSource;
}

/** Starts a download. Neither promise is ever an unhandled rejection. */
export function startDownload(context: StoreContext, what: Descriptor, source: ContentSource, op?: Op): BlobDownload {
  const listeners: ((written: number) => void)[] = [];
  const begun = Promise.withResolvers<DiskIngest | undefined>();
  const run = async (): Promise<void> => {
    context.prepare();
    const name = `${digestAlgorithm(what.digest)}-${digestHex(what.digest)}`;
    await using lock = await acquireLock(context, name, () => isStored(context, what), op);
    if (lock === undefined || isStored(context, what)) {
      begun.resolve(undefined);
      return;
    }
    await using ingest = startIngest(context, what, op);
    begun.resolve(ingest);
    const content = what.data === undefined ? source.open(what, op) : [what.data];
    for await (const chunk of content) {
      op?.signal?.throwIfAborted();
      await ingest.write(chunk);
      for (const listener of listeners) listener(ingest.written);
    }
    await ingest.commit();
  };
  const whole = run();
  whole.catch((error: unknown) => begun.reject(error));
  begun.promise.catch(() => {});
  return {
    begun: begun.promise,
    whole,
    onGrowth: (listener) => void listeners.push(listener),
    signal: op?.signal,
    source,
  };
}
