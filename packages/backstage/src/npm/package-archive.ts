import { join } from 'node:path';
import { type CoreErrorCode, coreError, type Extraction, extractLayers } from '@gantry/core';
import { type Descriptor, isGantryError, MediaType, type Op, ociError } from '@gantry/oci';
import type { TarballFile } from './tarball-file.ts';

/** How an archive is extracted. */
export interface ArchiveRules {
  /** Largest size of one entry, MAX_ENTRY_SIZE. */
  readonly maxEntryBytes: number;
  readonly groupWritable: boolean;
}

const TOP = 'package';
const ARCHIVES: readonly string[] = [MediaType.layerTarGzip, MediaType.layerTarZstd, MediaType.layerTar];

/**
 * Extracts an archive as `npm pack` makes them into `destination`, which must not exist: the directory of the package, which
 * is inside it. Core's profile `package` decides what is accepted; refusals begin with the words of the original, which
 * knew the same dangers. Throws what the extraction throws, and `ARCHIVE_UNSAFE_PATH` for files outside `package/`.
 */
export async function extractPackage(
  file: TarballFile,
  name: string,
  destination: string,
  rules: ArchiveRules,
  op?: Op,
): Promise<string> {
  const { maxEntryBytes, groupWritable } = rules;
  if (!ARCHIVES.includes(file.layer.mediaType)) {
    throw ociError('CONTENT_TYPE_MISMATCH', `${name}: expected an archive as npm packs them, found other bytes`);
  }
  const limited: Op = { ...op, limits: { ...op?.limits, archiveEntryBytes: maxEntryBytes } };
  const extraction = await extract(file, destination, groupWritable, limited);
  for (const { path } of [...extraction.files, ...extraction.links]) {
    if (!path.startsWith(`${TOP}/`)) throw outside(path);
  }
  return join(destination, TOP);
}

async function extract(
  { layer, supply }: TarballFile,
  destination: string,
  groupWritable: boolean,
  op: Op,
): Promise<Extraction> {
  const layers: readonly Descriptor[] = [layer];
  try {
    return await extractLayers(layers, supply, destination, { profile: 'package', groupWritable }, op);
  } catch (error) {
    throw inOriginalWords(error);
  }
}

/** An archive error with the original's text in front; what it had no text for stays what it is. */
function inOriginalWords(error: unknown): unknown {
  if (!isGantryError(error)) return error;
  const { entry, target, found, limit } = error.details;
  if (typeof entry !== 'string') return error;
  const text = originalText(error.code, { entry, target, found, limit });
  if (text === undefined) return error;
  return coreError(error.code as CoreErrorCode, `${text} (${error.message})`, {
    details: error.details,
    cause: error,
    hint: error.hint,
  });
}

interface EntryFacts {
  readonly entry: string;
  readonly target: unknown;
  readonly found: unknown;
  readonly limit: unknown;
}

function originalText(code: string, { entry, target, found, limit }: EntryFacts): string | undefined {
  switch (code) {
    case 'ARCHIVE_LIMIT':
      return limit === 'archiveEntryBytes' ? `Zip bomb detected in ${entry}` : undefined;
    case 'ARCHIVE_UNSAFE_LINK':
      return typeof target === 'string'
        ? `NPM package archive contains a link outside of the archive: ${entry} -> ${target}`
        : undefined;
    case 'ARCHIVE_UNSAFE_ENTRY':
      return `NPM package archive contains a non regular file: ${entry} - ${typeof found === 'string' ? found : 'unknown'}`;
    case 'ARCHIVE_UNSAFE_PATH':
      return entry.startsWith(`${TOP}/`) ? undefined : startsElsewhere(entry);
    default:
      return undefined;
  }
}

function outside(path: string): Error {
  return coreError('ARCHIVE_UNSAFE_PATH', startsElsewhere(path), { details: { entry: path } });
}

function startsElsewhere(entry: string): string {
  return `NPM package archive does not start with 'package/' as it should: ${entry}`;
}
