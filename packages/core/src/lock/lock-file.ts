import type { Digest } from '@gantry/oci';

/** Name of the lock file, which lies beside the gantry.yaml it belongs to. */
export const LOCK_NAME: string = 'gantry.lock';

/** What gantry.lock says: the digests that the plugins of gantry.yaml stand for, and who vouched for them. */
export interface Lock {
  /** Sorted by name; no two names are equal in lower case. */
  readonly plugins: readonly LockEntry[];
}

/** One plugin. It holds no time, no absolute path and no credential. */
export interface LockEntry {
  readonly name: string;
  /** The source of gantry.yaml, normalised by `lockSource`: two equal ones ask for the same thing. */
  readonly source: string;
  /** What the source stood for: an index, or a manifest. */
  readonly digest: Digest;
  /** Bytes of the document that `digest` names. */
  readonly size: number;
  /** Every platform of an index, sorted; empty where `digest` is a manifest. */
  readonly platforms: readonly LockedPlatform[];
  /** Who vouched for it; `unsigned` when nobody did. */
  readonly signer: string;
  /** Digests of the evidence that counted, sorted. */
  readonly evidence: readonly Digest[];
}

/** The manifest of one platform. */
export interface LockedPlatform {
  /** `os/arch[/variant]`; null for an entry of an index that names none. */
  readonly platform: string | null;
  readonly digest: Digest;
  /** Bytes of the manifest, as the index states them. */
  readonly size: number;
}

/** A lock with nothing in it. */
export const EMPTY_LOCK: Lock = Object.freeze({ plugins: Object.freeze([]) });

/** The entry of a name; undefined when there is none. */
export function lockEntryOf(lock: Lock, name: string): LockEntry | undefined {
  return lock.plugins.find((entry) => entry.name === name);
}
