import type { ContentSink, Descriptor, Op } from '@gantry/oci';

/** Writes a small blob that is in memory. */
export function pushBytes(sink: ContentSink, what: Descriptor, bytes: Uint8Array, op?: Op): Promise<void> {
  return sink.pushBlob(
    what,
    async function* () {
      yield bytes;
    },
    op,
  );
}
