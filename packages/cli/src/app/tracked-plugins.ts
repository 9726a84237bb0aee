import { dirname } from 'node:path';
import {
  type LockEntry,
  type LockedRequest,
  lockEntryOf,
  lockSource,
  type PluginRoot,
  type Receipt,
  readLock,
} from '@gantry/core';
import { isGantryError } from '@gantry/oci';
import { declaredRequests, lockFileOf } from './declared-plugins.ts';
import { type AcquireFlags, platformAndConsent } from './open-gantry.ts';
import type { Settings } from './settings.ts';

/** A plugin that gantry.yaml declares or that is installed. */
export interface TrackedPlugin {
  readonly name: string;
  /** How it is asked for again: as gantry.yaml declares it, else as it was installed. */
  readonly request: LockedRequest;
  readonly declared: boolean;
  /** Undefined when it is not installed, or when its receipt is damaged. */
  readonly receipt: Receipt | undefined;
  /** What the lock holds for the declared source. */
  readonly locked: LockEntry | undefined;
}

/** What there is, and what of it cannot be read. */
export interface Tracked {
  /** Those of gantry.yaml in its order, then the others by name. */
  readonly plugins: readonly TrackedPlugin[];
  readonly failures: readonly unknown[];
}

/** Every plugin that gantry.yaml declares or that is installed. Throws what `readLock` throws. */
export async function trackedPlugins(settings: Settings, root: PluginRoot, flags: AcquireFlags): Promise<Tracked> {
  const { op } = settings;
  const lockFile = lockFileOf(settings);
  const lock = lockFile === undefined ? undefined : readLock(lockFile, op);
  const receipts = new Map<string, Receipt>();
  const failures: unknown[] = [];
  const requests = declaredRequests(settings, flags);
  const declared = new Set(requests.map(({ name }) => name));
  for (const { name, error } of await root.list(op)) {
    const receipt = error === undefined ? await root.receipt(name, op) : undefined;
    if (receipt !== undefined) receipts.set(name, receipt);
    else if (error !== undefined && !declared.has(name)) failures.push(error);
  }
  const heldFor = (request: LockedRequest): LockEntry | undefined => {
    const entry = lock === undefined ? undefined : lockEntryOf(lock, request.name);
    return entry?.source === sourceInLock(request, lockFile) ? entry : undefined;
  };
  const plugins = [
    ...requests.map((request) => ({
      name: request.name,
      request,
      declared: true,
      receipt: receipts.get(request.name),
      locked: heldFor(request),
    })),
    ...[...receipts.values()].filter(({ name }) => !declared.has(name)).map((receipt) => installedOnly(receipt, flags)),
  ];
  return { plugins, failures };
}

function sourceInLock(request: LockedRequest, lockFile: string | undefined): string | undefined {
  try {
    return lockFile === undefined ? undefined : lockSource(request, dirname(lockFile));
  } catch (error) {
    // It fails, with this very error, where it is asked for.
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

/** It is asked for again for the platform that is installed, whatever this machine is. */
function installedOnly(receipt: Receipt, flags: AcquireFlags): TrackedPlugin {
  const { name, source, platform } = receipt;
  const request: LockedRequest = {
    name,
    source,
    ...(platform !== undefined && { platform }),
    ...platformAndConsent(flags),
    lock: 'none',
  };
  return { name, request, declared: false, receipt, locked: undefined };
}
