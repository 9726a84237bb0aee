import { statSync } from 'node:fs';
import { join } from 'node:path';
import { installFault, publishFile, RecordFields, readRegularFile, systemFileSystem } from '@gantry/core';
import type { Digest, Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { backstageLimits } from '../backstage-limits.ts';

/** An image that is in a mirror directory. */
export interface MirroredImage {
  /** `host[:port]/path:tag` or `…@alg:hex`, as the configuration or a variable names it. */
  readonly image: string;
  /** Of its root manifest or index, which is in the layout. */
  readonly digest: Digest;
}

/** A package that is no image, as a file in a mirror directory. */
export interface MirroredPackage {
  /** As the configuration names it. */
  readonly package: string;
  /** With the version that its registry chose. */
  readonly resolved: string;
  /** Relative to the mirror directory. */
  readonly file: string;
  /** `sha512-…`. */
  readonly integrity: string;
}

/** What a mirror directory holds for a configuration: `mirror.json`. The directory itself is one OCI layout. */
export interface MirrorRecord {
  readonly images: readonly MirroredImage[];
  readonly packages: readonly MirroredPackage[];
}

const NAME = 'mirror.json';

/**
 * Reads `mirror.json` of a directory; undefined when there is none. Throws `INSTALL_DAMAGED`, or `STORE_VERSION` when a newer
 * Gantry wrote it.
 */
export function readMirrorRecord(directory: string, op?: Op): MirrorRecord | undefined {
  const what = join(directory, NAME);
  const bytes = readRegularFile(systemFileSystem, what, what, backstageLimits(op, 'mirrorRecordBytes'));
  if (bytes === undefined) return undefined;
  const fields = RecordFields.parse(what, bytes, op).only('schemaVersion', 'images', 'packages');
  return {
    images: fields.records('images').map((image) => {
      image.only('image', 'digest');
      return { image: image.text('image'), digest: image.digest('digest') };
    }),
    packages: fields.records('packages').map((one) => {
      one.only('package', 'resolved', 'file', 'integrity');
      const file = one.relativePath('file');
      return { package: one.text('package'), resolved: one.text('resolved'), file, integrity: one.text('integrity') };
    }),
  };
}

/** As {@link readMirrorRecord}; a directory without one is `CONFIG_MIRROR`. */
export function requireMirrorRecord(directory: string, op?: Op): MirrorRecord {
  const found = readMirrorRecord(directory, op);
  if (found !== undefined) return found;
  const why =
    statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true ? `has no ${NAME}` : 'is not there';
  throw backstageError('CONFIG_MIRROR', `${directory} is no mirror directory: it ${why}`, {
    details: { path: directory },
  });
}

/** Replaces `mirror.json` of a directory as a whole. Throws `INSTALL_IO`. */
export function writeMirrorRecord(directory: string, { images, packages }: MirrorRecord): void {
  const document = { schemaVersion: 1, images, packages };
  try {
    publishFile(systemFileSystem, join(directory, NAME), Buffer.from(`${JSON.stringify(document, null, 1)}\n`), 0o644);
  } catch (error) {
    throw installFault(error, `write ${join(directory, NAME)}`);
  }
}
