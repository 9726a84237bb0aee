import { join } from 'node:path';
import { openFlags } from '@gantry/core';
import { encodePluginState, type PluginState } from './plugin-state.ts';
import { CONFIG_HASH, IMAGE_HASH, type RootContext, STATE_FILE } from './root-context.ts';
import { rootModes } from './root-modes.ts';

/** What is recorded of a plugin. */
export interface PluginFacts {
  /** Value of `dynamic-plugin-config.hash`. */
  readonly configHash: string;
  /** Value of `dynamic-plugin-image.hash`: the hex part of the image's digest; undefined for packages that are no image. */
  readonly imageHash?: string | undefined;
  readonly state: PluginState;
}

/** The files that record a plugin, in the order in which they are made. Without bytes there must be none. */
export function pluginFiles(facts: PluginFacts): readonly (readonly [name: string, bytes: Uint8Array | undefined])[] {
  const { configHash, imageHash, state } = facts;
  return [
    [STATE_FILE, encodePluginState(state)],
    [IMAGE_HASH, imageHash === undefined ? undefined : Buffer.from(imageHash)],
    [CONFIG_HASH, Buffer.from(configHash)],
  ];
}

/**
 * Writes the record into a staged plugin. Whatever the package itself has under these names, a link or a directory
 * perhaps, is removed first: a package does not say what it was installed from.
 */
export function recordPlugin(context: RootContext, directory: string, facts: PluginFacts): void {
  for (const [name, bytes] of pluginFiles(facts)) {
    const path = join(directory, name);
    context.fileSystem.removeTree(path);
    if (bytes !== undefined) writeNew(context, path, bytes, false);
  }
}

/** Writes a file that must not exist, with the mode the root asks for; synced if asked. */
export function writeNew(context: RootContext, path: string, bytes: Uint8Array, synced: boolean): void {
  const { fileSystem } = context;
  const { file } = rootModes(context);
  const fd = fileSystem.open(path, openFlags.create, file);
  try {
    fileSystem.write(fd, bytes);
    fileSystem.chmod(fd, file);
    if (synced) fileSystem.sync(fd);
  } finally {
    fileSystem.close(fd);
  }
}
