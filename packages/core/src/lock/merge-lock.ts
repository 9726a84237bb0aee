import { isDeepStrictEqual } from 'node:util';
import { type Lock, type LockEntry, lockEntryOf } from './lock-file.ts';

/** What is to become of the entries of a lock. */
export interface LockUpdate {
  /** Plugins that were accepted: these entries take the place of those of the same name. */
  readonly accepted: readonly LockEntry[];
  /** Names whose entry stays as it is, if there is one; of all others the entry goes. */
  readonly kept: (name: string) => boolean;
}

/** What a lock held about a plugin, and what it holds now. */
export interface LockChange {
  readonly name: string;
  readonly before: LockEntry | undefined;
  readonly after: LockEntry | undefined;
}

/** The lock after an update. */
export function mergeLock(before: Lock, update: LockUpdate): Lock {
  const accepted = new Set(update.accepted.map(({ name }) => name));
  const kept = before.plugins.filter(({ name }) => !accepted.has(name) && update.kept(name));
  const plugins = [...kept, ...update.accepted].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { plugins };
}

/** What differs between two locks, by name. */
export function lockChanges(before: Lock, after: Lock): readonly LockChange[] {
  const names = new Set([...before.plugins, ...after.plugins].map(({ name }) => name));
  return [...names]
    .sort()
    .map((name) => ({ name, before: lockEntryOf(before, name), after: lockEntryOf(after, name) }))
    .filter((change) => !isDeepStrictEqual(change.before, change.after));
}
