import { realpathSync, statSync } from 'node:fs';
import { installFault, publishFile, systemFileSystem } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { readPluginText } from '../config/read-plugin-file.ts';
import { type HubOptions, openHubSources } from './hub-sources.ts';
import { type PinnedConfiguration, pinConfiguration } from './pin-configuration.ts';

/** A file whose packages are to be pinned. */
export interface PinFile {
  /** Absolute. */
  readonly path: string;
  /** As the user named it. */
  readonly shownAs: string;
  /** Replace the file, as a whole and with its mode. Default: only say what would change. */
  readonly write?: boolean;
}

/**
 * Pins the packages of dynamic-plugins.yaml, or of a file that it includes. What could be pinned is written also when another
 * package failed. Throws what {@link pinConfiguration} does, `INSTALL_IO`.
 */
export async function pinFile(file: PinFile, options: HubOptions, op?: Op): Promise<PinnedConfiguration> {
  const text = readPluginText(file, op);
  await using sources = openHubSources(options, op);
  const pinned = await pinConfiguration({ text, file: file.shownAs, log: options.log }, sources, op);
  if (file.write === true && pinned.text !== text) replace(file.path, pinned.text);
  return pinned;
}

function replace(path: string, text: string): void {
  try {
    // A link stays one.
    const target = realpathSync(path);
    publishFile(systemFileSystem, target, Buffer.from(text), statSync(target).mode & 0o777);
  } catch (error) {
    throw installFault(error, `write ${path}`);
  }
}
