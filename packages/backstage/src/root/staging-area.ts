import { join } from 'node:path';
import { errorCode } from '@gantry/core';
import { type RootContext, stagingPath } from './root-context.ts';
import { rootModes, setDirectoryMode } from './root-modes.ts';

/**
 * What a run keeps in its staging directory. It is the journal as well: a plugin in `ready` is whole, durable and meant to
 * be live, and what it replaces goes to `old`, so what lies where tells the next run how far a killed one came.
 */
export type StagingPart =
  /** Where plugins are prepared. */
  | 'work'
  /** Small files on their way into the root. */
  | 'files'
  | 'ready'
  | 'old'
  | 'removed'
  /** What was found in the root and is no plugin, although an installer made it. */
  | 'quarantine'
  /** Staging directories of runs that ended without cleaning up. */
  | 'swept';

/** The staging directory of a run; made when it is first needed, so that a run with nothing to do shows nothing. */
export interface StagingArea {
  readonly directory: string;
  /** Absolute path of a part, which is made when it is missing. */
  part(part: StagingPart): string;
}

/** Opens the staging of the run `id`. */
export function openStaging(context: RootContext, id: string): StagingArea {
  const { fileSystem } = context;
  const directory = stagingPath(context, id);
  const made = new Set<string>();
  const make = (path: string): string => {
    if (made.has(path)) return path;
    const { staging } = rootModes(context);
    try {
      fileSystem.mkdir(path, staging);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    setDirectoryMode(context, path, staging);
    fileSystem.reached('root.staging-made');
    made.add(path);
    return path;
  };
  return {
    directory,
    part: (part) => {
      make(directory);
      return make(join(directory, part));
    },
  };
}
