import { coreError } from '../core-errors.ts';
import { type Lock, lockEntryOf } from './lock-file.ts';

/** A plugin of gantry.yaml, with its source as a lock writes it. */
export interface DeclaredSource {
  readonly name: string;
  readonly source: string;
}

/** Where a lock and gantry.yaml disagree: one line for people about each plugin; empty when they agree. */
export function lockDrift(declared: readonly DeclaredSource[], lock: Lock): readonly string[] {
  const names = new Set(declared.map(({ name }) => name));
  return [
    ...declared.flatMap(({ name, source }) => {
      const entry = lockEntryOf(lock, name);
      if (entry === undefined) return [`${name} is not locked`];
      return entry.source === source ? [] : [`${name} is locked as ${entry.source}, gantry.yaml has ${source}`];
    }),
    ...lock.plugins.flatMap(({ name }) => (names.has(name) ? [] : [`${name} is locked and not in gantry.yaml`])),
  ];
}

/** The lock, when it is there and agrees with gantry.yaml. Throws `CONFIG_LOCK_DRIFT` with everything that differs. */
export function requireLock(path: string, declared: readonly DeclaredSource[], lock: Lock | undefined): Lock {
  if (lock === undefined) {
    throw coreError('CONFIG_LOCK_DRIFT', `${path}: there is no such file`, { details: { file: path } });
  }
  const drift = lockDrift(declared, lock);
  if (drift.length === 0) return lock;
  throw coreError('CONFIG_LOCK_DRIFT', `${path}: ${drift.join('; ')}`, { details: { file: path, drift } });
}
