import type { Op } from '@gantry/oci';
import { errorCode } from '../../files/durable.ts';
import type { FileSystem } from '../../files/file-system.ts';
import { readTufState, type TufState, tufStatePath, versionsOf, writeTufState } from './tuf-state.ts';

/** What is kept of one repository, on disk and in this process. */
export interface TufMemory {
  /** The state; undefined when there is none, or a damaged one, which is told with a warning. */
  recall(op?: Op): TufState | undefined;
  /** Keeps a state, unless somebody kept a newer one meanwhile; the answer is the newer. */
  keep(state: TufState, op?: Op): TufState;
}

/** Opens the memory of a repository. What goes wrong on disk is told; it neither accepts anything nor stops anything (C12). */
export function tufMemory(
  { mirror, identity }: { readonly mirror: string; readonly identity: string },
  { directory, fileSystem }: { readonly directory: string; readonly fileSystem: FileSystem },
): TufMemory {
  const path = tufStatePath(directory, mirror, identity);
  /** What could not be written. */
  let unsaved: TufState | undefined;
  let last: { readonly stamp: string; readonly state: TufState } | undefined;

  const warn = (what: string, error: unknown, op?: Op): void => {
    const why = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
    op?.onEvent?.({ type: 'warning', from: path, message: `the state of ${mirror} ${what}: ${why}` });
  };

  const read = (op?: Op): TufState | undefined => {
    try {
      const stamp = stampOf(fileSystem, path);
      if (stamp === undefined) return undefined;
      if (last?.stamp === stamp) return last.state;
      const state = readTufState(fileSystem, path, op);
      if (state !== undefined) last = { stamp, state };
      return state;
    } catch (error) {
      if (!(error instanceof TypeError) && errorCode(error) === undefined) throw error;
      warn('is of no use and is fetched anew', error, op);
      return undefined;
    }
  };

  return {
    recall: (op) => unsaved ?? read(op),
    keep: (state, op) => {
      const kept = read();
      if (kept !== undefined && isNewer(kept, state)) return kept;
      try {
        writeTufState(fileSystem, directory, path, state);
        unsaved = undefined;
      } catch (error) {
        if (errorCode(error) === undefined) throw error;
        warn('cannot be kept', error, op);
        unsaved = state;
      }
      return state;
    },
  };
}

/**
 * The root decides first: a new one may bring new keys for the timestamp, whose versions then begin anew. So a repository
 * gets over a thief who has published the highest version there is (TUF specification, 5.3.11).
 */
function isNewer(one: TufState, other: TufState): boolean {
  const [a, b] = [versionsOf(one), versionsOf(other)];
  return a.root === b.root ? a.timestamp > b.timestamp : a.root > b.root;
}

/** Changes with the file; undefined when there is none. */
function stampOf(fileSystem: FileSystem, path: string): string | undefined {
  const stats = fileSystem.lstat(path);
  return stats && [stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join();
}
