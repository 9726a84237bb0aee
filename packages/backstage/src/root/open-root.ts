import { join, resolve } from 'node:path';
import {
  errorCode,
  type FileSystem,
  installFault,
  randomName,
  readRegularFile,
  syncDirectory,
  systemFileSystem,
} from '@gantry/core';
import { type Environment, isGantryError, type Op, systemEnvironment } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import type { LogSink } from '../install/log-sink.ts';
import type { StagedPlugin } from '../install/staged-plugin.ts';
import { type PluginFacts, pluginFiles, recordPlugin, writeNew } from './plugin-files.ts';
import { clearStaging, recoverRoot } from './recover-root.ts';
import { removePlugin } from './remove-plugin.ts';
import { LOCK_NAME, ownName, type RootContext } from './root-context.ts';
import { holdRoot, type RootHold } from './root-lock.ts';
import { rootModes, setDirectoryMode } from './root-modes.ts';
import { type InstalledDirectory, scanRoot } from './scan-root.ts';
import { openStaging, type StagingArea } from './staging-area.ts';
import { swapPlugin } from './swap-plugin.ts';
import { openSyncBatch } from './sync-batch.ts';

export type { PluginFacts } from './plugin-files.ts';
export type { InstalledDirectory } from './scan-root.ts';

/** Options of {@link openDynamicRoot}. */
export interface DynamicRootOptions {
  readonly log: LogSink;
  /** DYNAMIC_PLUGINS_LOCK_TIMEOUT_MS. Default 600,000. */
  readonly lockTimeoutMs?: number;
  readonly environment?: Environment;
  /** Replaces the real file system. */
  readonly fileSystem?: FileSystem;
}

/**
 * The directory from which Backstage loads its dynamic plugins. At its first level there are plugin directories and plain
 * files, and for the time of a run `.gantry-<random>`. A kill at any point leaves each plugin old, new, or for a moment
 * absent, never mixed; the next run finishes what was interrupted.
 *
 * All methods throw `INSTALL_IO` when the file system fails, those that write `INSTALL_LOCK_LOST` when another installer
 * has taken over: then nothing that this run prepared is left, and it has to start again from {@link DynamicRoot.lock}.
 */
export interface DynamicRoot extends AsyncDisposable {
  /** Absolute. */
  readonly directory: string;
  /** Whether what is put there should be writable for the group, as the root itself is. */
  readonly groupWritable: boolean;
  /**
   * Waits for whoever holds the root, takes over from the dead, makes a missing root, and heals what was interrupted.
   * Throws `INSTALL_LOCKED` when a holder that lives does not let go within the time-out. Held until disposed.
   */
  lock(op?: Op): Promise<void>;
  /** The plugins that are installed, sorted by name. Needs no lock, and changes nothing. */
  installed(op?: Op): readonly InstalledDirectory[];
  /** Absolute path of a directory, on the same file system, in which plugins are prepared; made by the first call. */
  staging(): string;
  /** Puts a staged plugin into the root in place of what has its name. Concurrent calls share one sync. */
  publish(staged: Pick<StagedPlugin, 'directory' | 'name'>, facts: PluginFacts, op?: Op): Promise<void>;
  /** Records other facts of an installed plugin, without touching anything else of it. */
  restate(name: string, facts: PluginFacts, op?: Op): Promise<void>;
  /** Removes an installed plugin; false when there is none of this name that an installer has finished. */
  remove(name: string, op?: Op): Promise<boolean>;
  /** Writes a file beside the plugins by one rename, durably; does nothing when it says that already. */
  writeFile(name: string, text: string, op?: Op): Promise<void>;
}

/** Opens a root. Touches nothing before {@link DynamicRoot.lock}. */
export function openDynamicRoot(directory: string, options: DynamicRootOptions): DynamicRoot {
  const fileSystem = options.fileSystem ?? systemFileSystem;
  const context: RootContext = {
    directory: realDirectory(fileSystem, resolve(directory)),
    shownAs: directory,
    fileSystem,
    environment: options.environment ?? systemEnvironment(),
    log: options.log,
    lockTimeoutMs: options.lockTimeoutMs ?? 600_000,
  };
  const syncWritten = openSyncBatch(fileSystem);
  let held: { readonly hold: RootHold; readonly staging: StagingArea } | undefined;

  const holding = (): { readonly hold: RootHold; readonly staging: StagingArea } => {
    if (held === undefined) throw new TypeError('the root is not locked');
    held.hold.confirm();
    return held;
  };
  /** A run that was deposed finds nothing where it left it: that is what its errors mean then. */
  const changing = <T>(doing: string, change: () => T | Promise<T>): Promise<T> =>
    guarded(doing, async () => {
      try {
        return await change();
      } catch (error) {
        if (errorCode(error) !== undefined) held?.hold.confirm();
        throw error;
      }
    });
  const release = (): void => {
    if (held === undefined) return;
    const { hold, staging } = held;
    held = undefined;
    clearStaging(context, staging);
    if (hold.release()) context.log.line(`======= Removed lock file: ${join(directory, LOCK_NAME)}`);
  };

  return {
    directory: context.directory,
    get groupWritable(): boolean {
      return rootModes(context).groupWritable;
    },
    lock: (op) =>
      guarded(`lock ${directory}`, async () => {
        const hold = await holdRoot(context, op);
        held = { hold, staging: openStaging(context, hold.id) };
        try {
          recoverRoot(context, hold, held.staging);
        } catch (error) {
          release();
          throw error;
        }
      }),
    installed: (op) => guardedNow(`read ${directory}`, () => scanRoot(context, op)),
    staging: () => guardedNow(`prepare in ${directory}`, () => holding().staging.part('work')),
    publish: (staged, facts, op) =>
      changing(`install ${staged.name} into ${directory}`, async () => {
        const { hold, staging } = holding();
        const name = checkName(staged.name);
        if (!fileSystem.lstat(staged.directory)?.isDirectory()) {
          throw new TypeError(`${staged.directory} is no directory`);
        }
        recordPlugin(context, staged.directory, facts);
        setDirectoryMode(context, staged.directory, rootModes(context).directory);
        await syncWritten(staged.directory);
        op?.signal?.throwIfAborted();
        fileSystem.reached('root.plugin-synced');
        const ready = staging.part('ready');
        fileSystem.removeTree(join(ready, name));
        hold.confirm();
        fileSystem.rename(staged.directory, join(ready, name));
        syncDirectory(fileSystem, ready);
        fileSystem.reached('root.plugin-ready');
        swapPlugin(context, hold, staging, name, op);
      }),
    restate: (name, facts) =>
      changing(`record ${name} in ${directory}`, () => {
        const all = holding();
        if (!fileSystem.lstat(join(context.directory, checkName(name)))?.isDirectory()) {
          throw new TypeError(`${name} is no plugin directory`);
        }
        for (const [file, bytes] of pluginFiles(facts)) {
          if (bytes === undefined) fileSystem.removeTree(join(context.directory, name, file));
          else replaceFile(context, all, join(name, file), bytes);
        }
      }),
    remove: (name, op) =>
      changing(`remove ${name} from ${directory}`, () => {
        const { hold, staging } = holding();
        return removePlugin(context, hold, staging, checkName(name), op);
      }),
    writeFile: (name, text) =>
      changing(`write ${join(directory, name)}`, () => {
        const all = holding();
        const bytes = Buffer.from(text);
        if (!says(context, join(context.directory, checkName(name)), bytes)) replaceFile(context, all, name, bytes);
      }),
    [Symbol.asyncDispose]: () => guarded(`release ${directory}`, release),
  };
}

/** The directory that a root is, where its path is that of a link; itself where there is nothing yet. */
function realDirectory(fileSystem: FileSystem, path: string): string {
  try {
    return fileSystem.realpath(path);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return path;
  }
}

/** Puts a file into the root or into one of its plugins by a rename; a link in its place is replaced, never followed. */
function replaceFile(
  context: RootContext,
  { hold, staging }: { readonly hold: RootHold; readonly staging: StagingArea },
  path: string,
  bytes: Uint8Array,
): void {
  const { fileSystem, directory } = context;
  const staged = join(staging.part('files'), randomName());
  writeNew(context, staged, bytes, true);
  fileSystem.reached('root.file-written');
  hold.confirm();
  fileSystem.rename(staged, join(directory, path));
  fileSystem.reached('root.file-live');
  syncDirectory(fileSystem, join(directory, path, '..'));
}

/** Whether a file has exactly these bytes. */
function says({ fileSystem }: RootContext, path: string, bytes: Uint8Array): boolean {
  try {
    const found = readRegularFile(fileSystem, path, path, bytes.length);
    return found !== undefined && Buffer.compare(found, bytes) === 0;
  } catch (error) {
    if (isGantryError(error)) return false;
    throw error;
  }
}

/** A name at the first level: one plain segment that is nobody's of ours. */
function checkName(name: string): string {
  const plain = name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
  if (plain && ownName(name) === undefined && name !== LOCK_NAME) return name;
  throw backstageError('CONFIG_PLUGIN_PATH', `${JSON.stringify(name)} cannot be the name of a plugin directory`);
}

/** Errors of the file system come out as `INSTALL_IO`. */
async function guarded<T>(doing: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw installFault(error, doing);
  }
}

function guardedNow<T>(doing: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw installFault(error, doing);
  }
}
