import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Repository } from '../content.ts';
import { escapeRemote } from '../escape.ts';
import { parseJson } from '../json.ts';
import { asObject, stringField } from '../json-fields.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { LAYOUT_MARKER, LayoutFiles } from './layout-files.ts';
import { LayoutRepository } from './layout-repository.ts';
import { readSmallFile, unsafe, writing } from './safe-file.ts';

/** How a layout is opened. */
export interface LayoutOptions {
  /** Makes the directory a layout when it is absent or empty. Default: false. */
  readonly create?: boolean;
}

/**
 * Opens an OCI image layout (image-spec, image-layout.md) as a repository. Only plain files in plain directories are read;
 * `index.json` is changed atomically, also by several processes at once, and keeps what other tools wrote into it. Tags are
 * `org.opencontainers.image.ref.name`; a reference without tag and digest means the only manifest, or the only tagged one.
 * Throws `CONTENT_LAYOUT_INVALID` when the directory is no layout.
 */
export async function openLayout(directory: string, options: LayoutOptions = {}, op?: Op): Promise<Repository> {
  const path = resolve(directory);
  const files = new LayoutFiles(directory, path, op);
  if (options.create === true && (await mayBecomeLayout(files.name, path))) await files.create(op);
  const marker = await readSmallFile(join(path, LAYOUT_MARKER), ociLimits(op, 'manifestBytes'));
  if (marker === undefined) throw unsafe(path, 'is no OCI image layout: it has no oci-layout file');
  const place = { document: `${files.name}/${LAYOUT_MARKER}`, path: '' };
  const version = stringField(asObject(parseJson(marker, op), place), 'imageLayoutVersion', place) ?? 'none';
  if (!/^1\.[0-9]+\.[0-9]+$/.test(version)) {
    throw unsafe(path, `has layout version ${escapeRemote(version, 40)}, expected 1.0.0`);
  }
  return new LayoutRepository(files);
}

/** What another process that creates the same layout may have written already. */
const UNFINISHED: ReadonlySet<string> = new Set(['index.json', 'index.json.lock', 'ingest']);

async function mayBecomeLayout(name: string, path: string): Promise<boolean> {
  await writing(name, () => mkdir(path, { recursive: true }));
  const names = await readdir(path);
  if (names.includes(LAYOUT_MARKER)) return false;
  if (names.every((name) => UNFINISHED.has(name))) return true;
  throw unsafe(path, 'is neither empty nor an OCI image layout');
}
