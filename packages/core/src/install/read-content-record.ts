import { join } from 'node:path';
import { type Digest, digestOf, isGantryError, type Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { type ContentRecord, parseContentRecord } from './content-record.ts';
import { readRegularFile } from './read-file.ts';
import { contentDirectory, type RootContext } from './root-context.ts';

/** Content that is installed, as its record has it. */
export interface ReadyContent {
  readonly record: ContentRecord;
  /** Digest of `files.json`. */
  readonly digest: Digest;
}

/** `files.json` of the content of a manifest; undefined when it is missing or damaged. */
export function readContentRecord(context: RootContext, manifest: Digest, op?: Op): ReadyContent | undefined {
  const path = join(contentDirectory(context, manifest), 'files.json');
  try {
    const bytes = readRegularFile(context.fileSystem, path, 'files.json', coreLimits(op, 'receiptBytes'));
    if (bytes === undefined) return undefined;
    return { record: parseContentRecord(manifest, bytes, op), digest: digestOf(bytes) };
  } catch (error) {
    if (isGantryError(error) && error.code === 'INSTALL_DAMAGED') return undefined;
    throw error;
  }
}
