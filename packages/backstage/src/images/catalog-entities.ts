import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Extraction } from '@gantry/core';
import { type Op, ociError } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import type { LogSink } from '../install/log-sink.ts';

/** One file of a catalog; the path is relative, with `/`. */
export interface EntityFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Where catalog index images have their entities: the first of these that is there. */
export const ENTITY_PLACES = ['catalog-entities/extensions', 'catalog-entities/marketplace'] as const;

/** The part of an index image that holds entities. */
export const ENTITIES_TOP = 'catalog-entities';

/**
 * The entities of an unpacked index image; undefined when it has none of the directories. A link to a file among them counts
 * as that file, other links are left out with the original's warning. Throws `CONTENT_LIMIT` above `catalogIndexBytes`.
 */
export function readEntities(
  image: string,
  directory: string,
  extraction: Extraction,
  log: LogSink,
  op?: Op,
): readonly EntityFile[] | undefined {
  const place = ENTITY_PLACES.find((candidate) => extraction.directories.includes(candidate));
  if (place === undefined) return undefined;
  const root = realpathSync(join(directory, place));
  const entities: EntityFile[] = [];
  const most = backstageLimits(op, 'catalogIndexBytes');
  let total = 0;
  const add = (path: string): void => {
    const bytes = readFileSync(join(directory, path));
    total += bytes.length;
    if (total > most) {
      throw ociError('CONTENT_LIMIT', `${image} has more than ${most} bytes of entities (catalogIndexBytes)`, {
        details: { image, limit: 'catalogIndexBytes', expected: most, found: total },
      });
    }
    entities.push({ path: path.slice(place.length + 1), bytes });
  };
  const isInside = (path: string): boolean => path.startsWith(`${place}/`);
  for (const { path } of extraction.files) if (isInside(path)) add(path);
  for (const { path } of extraction.links) {
    if (!isInside(path)) continue;
    if (leadsToFileBelow(join(directory, path), root)) add(path);
    else log.warn(`\t==> WARNING: Skipping link outside archive: ${path}`);
  }
  return entities.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function leadsToFileBelow(link: string, root: string): boolean {
  try {
    return realpathSync(link).startsWith(root + sep) && statSync(link).isFile();
  } catch {
    // It leads to nothing, or in a circle.
    return false;
  }
}
