import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Installed } from '@gantry/core';
import { childStdio, inheritedDescriptors } from './inherited-descriptors.ts';

/** What a loaded executable needs outside of the calls. */
export interface RunFiles {
  /** Working directory and TMPDIR: private, empty at first, shared by the calls. */
  readonly directory: string;
  readonly stdio: (number | 'pipe' | 'ignore')[];
  /** Removes the directory and lets go of the plugin's files. */
  readonly release: () => Promise<void>;
}

/** Holds the installed version, because every call opens its entry again, and makes the private directory. */
export async function openRunFiles(plugin: Installed): Promise<RunFiles> {
  const hold = await plugin.hold();
  let directory: string | undefined;
  let nothing: number | undefined;
  const release = async (): Promise<void> => {
    if (nothing !== undefined) closeSync(nothing);
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    await hold[Symbol.asyncDispose]();
  };
  try {
    directory = await mkdtemp(join(tmpdir(), 'gantry-run-'));
    const inherited = inheritedDescriptors();
    if (inherited.length > 0) nothing = openSync(devNull, 'r+');
    return { directory, stdio: childStdio(inherited, nothing ?? -1), release };
  } catch (error) {
    await release();
    throw error;
  }
}
