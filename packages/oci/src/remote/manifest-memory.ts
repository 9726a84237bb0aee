import type { Digest } from '../digest.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';

/**
 * Bytes of manifests that were checked against their digest, so that what was resolved is not asked for again when it is
 * opened. Bounded by `manifestMemoryBytes`; the one used longest ago goes first.
 */
export interface ManifestMemory {
  get(digest: Digest): Uint8Array | undefined;
  /** `bytes` must have this digest. */
  put(digest: Digest, bytes: Uint8Array, op?: Op): void;
  delete(digest: Digest): void;
}

/** Makes an empty memory. */
export function manifestMemory(): ManifestMemory {
  const entries = new Map<Digest, Uint8Array>();
  let held = 0;
  const drop = (digest: Digest): void => {
    held -= entries.get(digest)?.length ?? 0;
    entries.delete(digest);
  };
  return {
    get: (digest) => {
      const bytes = entries.get(digest);
      if (bytes === undefined) return undefined;
      entries.delete(digest);
      entries.set(digest, bytes);
      return bytes;
    },
    put: (digest, bytes, op) => {
      const capacity = ociLimits(op, 'manifestMemoryBytes');
      drop(digest);
      if (bytes.length > capacity) return;
      entries.set(digest, bytes);
      held += bytes.length;
      for (const oldest of entries.keys()) {
        if (held <= capacity) break;
        drop(oldest);
      }
    },
    delete: drop,
  };
}
