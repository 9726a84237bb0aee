import { dirname } from 'node:path';
import { isGantryError, type Op, ociLimits } from '@gantry/oci';
import { mapParallel } from '../install/map-parallel.ts';
import type { Plan } from '../install/plan.ts';
import type { PreparedInstall } from '../install/prepare.ts';
import { checkLockedContent, checkLockedTrust } from '../lock/check-locked.ts';
import { type DeclaredSource, requireLock } from '../lock/lock-drift.ts';
import { lockEntry } from '../lock/lock-entry.ts';
import { EMPTY_LOCK, type Lock, type LockEntry, lockEntryOf } from '../lock/lock-file.ts';
import { lockSource } from '../lock/lock-source.ts';
import { readLock, writeLock } from '../lock/lock-store.ts';
import { type LockChange, lockChanges, mergeLock } from '../lock/merge-lock.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import type { VerifiedPlugin } from '../trust/verified-plugin.ts';
import { installSet, type SetOptions, type SetOutcome } from './install-set.ts';
import type { Gantry, InstallRequest } from './open-gantry.ts';

/** A plugin of a locked set. */
export interface LockedRequest extends InstallRequest {
  readonly name: string;
  /**
   * `keep` (the default) installs what the lock holds for the same source, `renew` asks the source again and locks the
   * answer, `none` leaves the lock out of it.
   */
  readonly lock?: 'keep' | 'renew' | 'none';
}

/** How a locked set is installed. */
export interface LockedSetOptions extends Pick<SetOptions, 'keepGoing'> {
  /** Absolute path of the lock. */
  readonly lockFile: string;
  /** Never reads a tag and never writes the lock: what it holds is installed, or the plugin fails. */
  readonly frozen?: boolean;
  /** Keep entries of the lock that no request names. Default: they go, because the set is all there is. */
  readonly partial?: boolean;
}

/** What became of a locked set. */
export interface LockedSet {
  readonly outcomes: readonly SetOutcome<LockedRequest>[];
  /** Entries that were added, changed or dropped, sorted by name; empty when the lock was not written. */
  readonly changes: readonly LockChange[];
}

/**
 * Installs a set together with its lock: what the lock holds is installed by digest without reading a tag, what it does not
 * hold is resolved and added, what is no longer asked for is dropped. The lock is written after the last switch, and only
 * when everything was accepted; with `keepGoing` failed plugins keep the entry they had. When it cannot be written, nothing
 * has changed.
 * Throws what `readLock` and `writeLock` throw and, with `frozen`, `CONFIG_LOCK_DRIFT` before anything is asked.
 */
export async function installLocked(
  gantry: Gantry,
  requests: readonly LockedRequest[],
  options: LockedSetOptions,
  op?: Op,
): Promise<LockedSet> {
  const { lockFile, frozen = false, keepGoing = false, partial = false } = options;
  const set = openLockedSet(gantry, requests, options, op);
  const prepare = async (request: LockedRequest): Promise<PreparedInstall> =>
    gantry.root.prepare(await set.admit(request, gantry.verify), request, op);

  let lock = set.before;
  const seal = (outcomes: readonly SetOutcome<LockedRequest>[]): void => {
    if (frozen) return;
    const failed = new Set(outcomes.flatMap(({ state, request }) => (state === 'failed' ? [request.name] : [])));
    const named = new Set(requests.map(({ name }) => name));
    lock = mergeLock(set.before, {
      accepted: set.entries().filter(({ name }) => !failed.has(name)),
      kept: (name) => failed.has(name) || (partial && !named.has(name)),
    });
    // No file is made to say nothing.
    if (set.exists || lock.plugins.length > 0) writeLock(lockFile, lock, op);
  };
  const outcomes = await installSet(requests, prepare, { keepGoing, seal }, op);
  return { outcomes, changes: lockChanges(set.before, lock) };
}

/**
 * Says for each plugin what {@link installLocked} would do, or why it would fail; fetches no layer and writes nothing.
 * Throws what that throws.
 */
export async function planLocked(
  gantry: Gantry,
  requests: readonly LockedRequest[],
  options: LockedSetOptions,
  op?: Op,
): Promise<readonly (Plan | { readonly error: unknown })[]> {
  const set = openLockedSet(gantry, requests, options, op);
  return mapParallel(requests, ociLimits(op, 'parallelTransfers'), async (request) => {
    try {
      return await gantry.root.plan(await set.admit(request, gantry.examine), request, op);
    } catch (error) {
      op?.signal?.throwIfAborted();
      return { error };
    }
  });
}

/** A set whose lock was read, and found to fit when it is frozen. */
interface LockedSetReading {
  readonly before: Lock;
  /** Whether there is a lock file. */
  readonly exists: boolean;
  /** Resolves a plugin, by the digest that the lock holds for it, and judges it. */
  admit(request: LockedRequest, judge: Gantry['verify']): Promise<VerifiedPlugin>;
  /** What is to be in the lock about the plugins that were verified so far. */
  entries(): readonly LockEntry[];
}

function openLockedSet(
  gantry: Gantry,
  requests: readonly LockedRequest[],
  options: LockedSetOptions,
  op?: Op,
): LockedSetReading {
  const { lockFile, frozen = false } = options;
  const found = readLock(lockFile, op);
  const before = found ?? EMPTY_LOCK;
  const sources = sourcesOf(requests, options, op);
  if (frozen) requireLock(lockFile, [...sources.values()], found);
  const entries = new Map<string, LockEntry>();

  const admit: LockedSetReading['admit'] = async (request, judge) => {
    const declared = sources.get(request);
    const held = declared === undefined ? undefined : heldEntry(before, declared, request);
    const plugin = await gantry.resolve(held === undefined ? request : lockedSpec(request, held), op);
    if (held !== undefined && (frozen || isWithoutAddress(plugin))) checkLockedContent(lockFile, held, plugin);
    const verified = await judge(plugin, request, op);
    if (held !== undefined && frozen) checkLockedTrust(lockFile, held, verified);
    if (declared !== undefined && !frozen) {
      const { name, source } = declared;
      entries.set(name, await lockEntry(name, source, verified, lockEntryOf(before, name), op));
    }
    return verified;
  };
  return { before, exists: found !== undefined, admit, entries: () => [...entries.values()] };
}

/** What takes part in the lock, with its source as the lock writes it. What cannot be parsed fails where it is resolved. */
function sourcesOf(
  requests: readonly LockedRequest[],
  { lockFile, frozen }: LockedSetOptions,
  op?: Op,
): ReadonlyMap<LockedRequest, DeclaredSource> {
  const sources = new Map<LockedRequest, DeclaredSource>();
  for (const request of requests) {
    if (request.lock === 'none') continue;
    try {
      sources.set(request, { name: request.name, source: lockSource(request, dirname(lockFile), op) });
    } catch (error) {
      if (frozen === true || !isGantryError(error)) throw error;
    }
  }
  return sources;
}

/** The entry that answers for a request: of its name, for the same source. */
function heldEntry(lock: Lock, declared: DeclaredSource, request: LockedRequest): LockEntry | undefined {
  const entry = lockEntryOf(lock, declared.name);
  return request.lock === 'renew' || entry?.source !== declared.source ? undefined : entry;
}

function lockedSpec(request: LockedRequest, { digest, evidence }: LockEntry): LockedRequest {
  return { ...request, lockedDigest: digest, lockedEvidence: evidence };
}

/**
 * A tarball that nothing but the lock pins: other bytes under the same URL are not what was locked. A local file is the
 * user's own and may change; whatever has a digest was asked for by it.
 */
function isWithoutAddress(plugin: ResolvedPlugin): boolean {
  return plugin.repository === undefined && !plugin.local && !plugin.pinned;
}
