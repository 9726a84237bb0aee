import { appendFileSync } from 'node:fs';
import { type ContentSource, type Descriptor, descriptorOf } from '@gantry/oci';

/** Bytes that look like nothing else, for a blob of their own. */
export function patterned(seed: number, length = 200_000): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 31 + seed * 7 + (at >>> 8)) & 0xff));
}

/** A blob and its descriptor. */
export function blobOf(seed: number, length?: number): { readonly what: Descriptor; readonly bytes: Buffer } {
  const bytes = patterned(seed, length);
  return { bytes, what: descriptorOf(bytes, 'application/octet-stream') };
}

/** A source of these blobs that notes each download in a file which processes share. */
export function loggingSource(
  blobs: readonly { readonly what: Descriptor; readonly bytes: Buffer }[],
  log: string,
  pause: () => Promise<void> = async () => {},
): ContentSource {
  return {
    async *open(what) {
      appendFileSync(log, `${what.digest}\n`);
      const bytes = blobs.find((blob) => blob.what.digest === what.digest)?.bytes ?? Buffer.alloc(0);
      for (let at = 0; at < bytes.length; at += 65_536) {
        yield bytes.subarray(at, at + 65_536);
        await pause();
      }
    },
  };
}
