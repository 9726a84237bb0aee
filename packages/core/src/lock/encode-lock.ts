import type { JsonValue } from '@gantry/oci';
import type { Lock, LockEntry } from './lock-file.ts';

/** The bytes of a lock: the same for the same content, with sorted keys, readable and mergeable for people. */
export function encodeLock(lock: Lock): Uint8Array {
  const plugins = lock.plugins.toSorted((a, b) => order(a.name, b.name)).map(entryDocument);
  return new TextEncoder().encode(`${JSON.stringify({ plugins, schemaVersion: 1 }, null, 2)}\n`);
}

/** Written key by key, so that nothing that an entry may carry besides gets into the file. */
function entryDocument(entry: LockEntry): JsonValue {
  return {
    digest: entry.digest,
    evidence: entry.evidence.toSorted(order),
    name: entry.name,
    platforms: entry.platforms
      .toSorted((a, b) => order(a.platform ?? '', b.platform ?? '') || order(a.digest, b.digest))
      .map(({ digest, platform, size }) => ({ digest, platform, size })),
    signer: entry.signer,
    size: entry.size,
    source: entry.source,
  };
}

/** By code units: the same in every locale. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
