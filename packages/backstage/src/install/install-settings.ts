import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateThreads } from '@gantry/core';
import type { Environment, Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { shown } from '../config/config-fault.ts';
import type { LogSink } from './log-sink.ts';

/** What the environment variables of the original say. */
export interface InstallSettings {
  /** `MAX_ENTRY_SIZE`: bytes of the largest file of a plugin. */
  readonly maxEntryBytes: number;
  /** `SKIP_INTEGRITY_CHECK`: packages from npm registries need no integrity. */
  readonly skipIntegrity: boolean;
  /** `CATALOG_INDEX_IMAGE`. */
  readonly catalogIndex: string | undefined;
  /** `EXTRA_CATALOG_INDEX_IMAGES`, as it is written. */
  readonly extraCatalogIndexes: string | undefined;
  /** `CATALOG_ENTITIES_EXTRACT_DIR`. */
  readonly entitiesDirectory: string;
  /** `DYNAMIC_PLUGINS_WORKERS`: images at the same time. */
  readonly imageWorkers: number;
  /** `DYNAMIC_PLUGINS_NPM_WORKERS`: npm packages and local directories at the same time. */
  readonly npmWorkers: number;
  /** `DYNAMIC_PLUGINS_LOCK_TIMEOUT_MS`: how long a lock of somebody else's is respected; undefined when it is not set. */
  readonly lockTimeoutMs: number | undefined;
}

/**
 * What one image that is being fetched needs beside the threads that inflate: connections and what they hold. The threads
 * are bounded by themselves.
 */
const BYTES_PER_IMAGE = 16 * 1024 * 1024;
const MOST_WORKERS = { image: 8, npm: 3 };

/** Reads the variables. What cannot be read as it should be is the default, with a warning. */
export function installSettings(env: Environment['env'], log: LogSink, op?: Op): InstallSettings {
  const skipIntegrity = env['SKIP_INTEGRITY_CHECK']?.toLowerCase() === 'true';
  const room = Math.max(1, Math.floor(process.availableMemory() / BYTES_PER_IMAGE));
  const workers = (name: string, automatic: number): number => Math.min(room, workerCount(env[name], automatic));
  const standard = backstageLimits(op, 'pluginEntryBytes');
  return {
    maxEntryBytes: positive(env, 'MAX_ENTRY_SIZE', `${standard}`, log) ?? standard,
    skipIntegrity,
    catalogIndex: env['CATALOG_INDEX_IMAGE'] || undefined,
    extraCatalogIndexes: env['EXTRA_CATALOG_INDEX_IMAGES'] || undefined,
    entitiesDirectory: env['CATALOG_ENTITIES_EXTRACT_DIR'] || join(env['TMPDIR'] || tmpdir(), 'extensions'),
    imageWorkers: workers('DYNAMIC_PLUGINS_WORKERS', Math.min(MOST_WORKERS.image, 4 * inflateThreads(op))),
    npmWorkers: workers('DYNAMIC_PLUGINS_NPM_WORKERS', Math.min(MOST_WORKERS.npm, availableParallelism())),
    lockTimeoutMs: positive(env, 'DYNAMIC_PLUGINS_LOCK_TIMEOUT_MS', 'the default', log),
  };
}

/** As the original reads it: `auto` or nothing for the default, and 1 for what is no number above 0. */
function workerCount(text: string | undefined, automatic: number): number {
  if (text === undefined || text === '' || text === 'auto') return Math.max(1, automatic);
  const count = Number.parseInt(text, 10);
  return count >= 1 ? count : 1;
}

/** A whole number above 0; undefined when there is none, with a warning when there is something else. */
function positive(env: Environment['env'], name: string, standard: string, log: LogSink): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && Number.isSafeInteger(value)) return value;
  log.warn(`WARNING: ${name} is no whole number above 0 ('${shown(text)}'), using ${standard}`);
  return undefined;
}
