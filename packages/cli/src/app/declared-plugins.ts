import { type LockedRequest, lockPath } from '@gantry/core';
import { type AcquireFlags, platformAndConsent } from './open-gantry.ts';
import type { Settings } from './settings.ts';

/** The plugins of gantry.yaml as requests, in its order. */
export function declaredRequests({ configuration }: Settings, flags: AcquireFlags): LockedRequest[] {
  return configuration.plugins.map(({ grants: _grants, config: _config, ...spec }) => ({
    ...spec,
    ...platformAndConsent(flags),
  }));
}

/** Absolute path of the lock of the gantry.yaml that counts; undefined where there is none. */
export function lockFileOf({ configuration }: Settings): string | undefined {
  return configuration.file === undefined ? undefined : lockPath(configuration.file);
}
