import { join } from 'node:path';
import type { FileSystem } from '@gantry/core';
import type { Environment } from '@gantry/oci';
import type { LogSink } from '../install/log-sink.ts';

/** What every part of a dynamic plugins root works with. */
export interface RootContext {
  /** Absolute. */
  readonly directory: string;
  /** As the user named it, for the lines that the originals print. */
  readonly shownAs: string;
  readonly fileSystem: FileSystem;
  readonly environment: Environment;
  readonly log: LogSink;
  /** How long a lock without a heartbeat is respected, and a holder that lives is waited for, in milliseconds. */
  readonly lockTimeoutMs: number;
}

/** The originals' lock file. */
export const LOCK_NAME = 'install-dynamic-plugins.lock';

/** Of both originals: made last, so a directory that has it is whole. */
export const CONFIG_HASH = 'dynamic-plugin-config.hash';
/** Of both originals, only of images: made before {@link CONFIG_HASH}. */
export const IMAGE_HASH = 'dynamic-plugin-image.hash';
/** What we remember of a plugin. */
export const STATE_FILE = '.gantry.json';

const STAGING = /^\.gantry-([0-9a-f]{32})$/;
const MARK = /^\.gantry-([0-9a-f]{32})\.owner$/;
const LOCK_PART = /^\.install-dynamic-plugins\.lock\.[0-9a-f]{32}$/;

/** The file that says that a run holds the root: it lives as long as the run, whatever happens to the lock file. */
export function markPath(context: RootContext, id: string): string {
  return join(context.directory, `.gantry-${id}.owner`);
}

/** The directory in which a run prepares what it publishes. */
export function stagingPath(context: RootContext, id: string): string {
  return join(context.directory, `.gantry-${id}`);
}

/** A name beside the lock file, for what is linked to it or renamed away from it. */
export function lockPartPath(context: RootContext, id: string): string {
  return join(context.directory, `.${LOCK_NAME}.${id}`);
}

/** What a first-level name of ours means; undefined for everybody else's. */
export function ownName(
  name: string,
): { readonly type: 'staging' | 'mark'; readonly id: string } | { readonly type: 'lock-part' } | undefined {
  const staging = STAGING.exec(name)?.[1];
  if (staging !== undefined) return { type: 'staging', id: staging };
  const mark = MARK.exec(name)?.[1];
  if (mark !== undefined) return { type: 'mark', id: mark };
  return LOCK_PART.test(name) ? { type: 'lock-part' } : undefined;
}
