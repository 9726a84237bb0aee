/**
 * Works on every item, at most `width` at a time and in their order; one that fails does not stop the others. Once the
 * signal is aborted nothing more is started, and its reason is thrown when what was started has ended.
 */
export async function settleParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<readonly { readonly item: T; readonly error: unknown }[]> {
  const failed: { readonly item: T; readonly error: unknown }[] = [];
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) {
      if (signal?.aborted) return;
      try {
        await work(item);
      } catch (error) {
        failed.push({ item, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  signal?.throwIfAborted();
  return failed;
}
