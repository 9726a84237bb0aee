import { join } from 'node:path';
import { coreError, type Extraction, type ResolvedPlugin } from '@gantry/core';
import { escapeRemote, type GantryError, type Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { pluginPathFault } from '../config/plugin-path.ts';
import type { LogSink } from '../install/log-sink.ts';
import type { StagedPlugin } from '../install/staged-plugin.ts';
import { dynamicPackages } from './dynamic-packages.ts';
import type { ExtractedImage, ImageExtractor } from './extract-image.ts';

/** The plugins of one image, by the directory that holds each; what is wrong with one is no matter of the others. */
export type StagedPlugins = ReadonlyMap<string, StagedPlugin | GantryError>;

/** Unpacks plugins of one image into staging. What is wrong with the image is thrown. */
export async function stagePlugins(
  extractor: ImageExtractor,
  { image, paths, staging, log }: StageRequest,
  op?: Op,
): Promise<StagedPlugins> {
  const staged = new Map<string, StagedPlugin | GantryError>();
  for (const path of paths) {
    const fault = pluginPathFault(path);
    if (fault !== undefined) staged.set(path, pathFault(image, path, fault.message, fault.hint));
  }
  const usable = paths.filter((path) => !staged.has(path));
  if (usable.length === 0) return staged;
  const extracted = await extractor.extract(image, usable, staging, op);
  let bytes = extracted.bytes;
  for (const path of usable) {
    const problem = problemOf(image, path, extracted);
    reportLinks(path, extracted.extraction, log);
    staged.set(path, problem ?? stagedPlugin(path, extracted, bytes));
    if (problem === undefined) bytes = 0;
  }
  return staged;
}

/** What to unpack and where. */
export interface StageRequest {
  readonly image: string;
  readonly paths: readonly string[];
  /** Absolute path of a private directory on the file system of the root, directly below it. */
  readonly staging: string;
  readonly log: LogSink;
}

function stagedPlugin(path: string, { directory, plugin, signer }: ExtractedImage, bytes: number): StagedPlugin {
  return {
    directory: join(directory, path),
    name: path,
    digest: plugin.root.digest,
    integrity: undefined,
    signer,
    bytes,
  };
}

function problemOf(image: string, path: string, { extraction, plugin }: ExtractedImage): GantryError | undefined {
  const oversized = extraction.oversized.find((file) => isBelow(file.path, path));
  if (oversized !== undefined) {
    return coreError('ARCHIVE_LIMIT', `Zip bomb detected in ${oversized.path}`, {
      details: { image, entry: oversized.path, limit: 'MAX_ENTRY_SIZE', found: oversized.size },
      hint: 'set MAX_ENTRY_SIZE to more than its size in bytes if the file is genuine',
    });
  }
  if (extraction.directories.includes(path)) return undefined;
  const file = extraction.files.some((found) => found.path === path);
  return pathFault(
    image,
    path,
    file ? 'this is a file in the image and no directory' : 'the image has no such directory',
    listed(image, plugin),
  );
}

/** What else the image says it holds; undefined when it does not say. */
function listed(image: string, { annotations }: ResolvedPlugin): string | undefined {
  try {
    const paths = dynamicPackages(image, annotations) ?? [];
    return paths.length === 0 ? undefined : `plugins of this image are ${paths.map((path) => `!${path}`).join(', ')}`;
  } catch {
    // A list that cannot be read fails those who need it.
    return undefined;
  }
}

function pathFault(image: string, path: string, problem: string, hint?: string): GantryError {
  return backstageError('CONFIG_PLUGIN_PATH', `${image}!${escapeRemote(path)}: ${problem}`, {
    details: { image, path: escapeRemote(path) },
    ...(hint !== undefined && { hint }),
  });
}

function reportLinks(path: string, { skipped }: Extraction, log: LogSink): void {
  for (const link of skipped) {
    if (!isBelow(link.path, path)) continue;
    const target = escapeRemote(link.target);
    log.warn(`\t==> WARNING: skipping file containing link outside of the archive: ${link.path} -> ${target}`);
  }
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
