import type { Readable } from 'node:stream';

/**
 * Reads a pipe of a child until it closes or `take` answers false; a chunk is awaited before the next is read.
 * Once `ended` is aborted (the child is gone) the pipe gets `drainTime` milliseconds without a byte to close: a process
 * that left the group may hold it open for ever, and its output is not the plugin's any more. Time spent in `take` does
 * not count, so a slow reader loses nothing.
 */
export async function pumpOutput(
  pipe: Readable,
  ended: AbortSignal,
  drainTime: number,
  take: (chunk: Uint8Array) => boolean | Promise<boolean>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let taking = false;
  const giveUp = (): void => {
    if (!taking) timer = setTimeout(() => pipe.destroy(), drainTime);
  };
  ended.addEventListener('abort', giveUp, { once: true });
  try {
    for await (const chunk of pipe as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      taking = true;
      if (!(await take(chunk))) return;
      taking = false;
      if (ended.aborted) giveUp();
    }
  } catch (error) {
    // Our own destroy ends the iteration with this; everything that was in the pipe has been read.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  } finally {
    clearTimeout(timer);
    ended.removeEventListener('abort', giveUp);
  }
}
