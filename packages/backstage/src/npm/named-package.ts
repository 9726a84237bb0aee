import type { Origin } from '../config/origin.ts';
import { npmKey } from '../config/package-key.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';

/** A package by its specification alone, as npm reads it: without an integrity, enabled, nothing else. */
export function namedPackage(spec: string, origin?: Origin): PluginEntry {
  return {
    key: npmKey(spec),
    package: spec,
    source: { type: 'npm', spec },
    enabled: true,
    integrity: undefined,
    pluginConfig: undefined,
    pullPolicy: 'IfNotPresent',
    forceDownload: false,
    level: 1,
    record: new Map(),
    origins: new Map(origin === undefined ? [] : [['package', origin]]),
  };
}
