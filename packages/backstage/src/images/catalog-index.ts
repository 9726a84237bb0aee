import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Digest,
  type Environment,
  escapeRemote,
  GantryError,
  isGantryError,
  type Op,
  ociError,
} from '@gantry/oci';
import { installerHint } from '../install/installer-hint.ts';
import type { LogSink } from '../install/log-sink.ts';
import { ENTITIES_TOP, readEntities } from './catalog-entities.ts';
import { extraIndexes } from './extra-indexes.ts';
import { isOutage } from './is-outage.ts';
import { DEFAULT_FILE, type KeptIndex, openKeptIndexes } from './kept-indexes.ts';
import type { Images } from './open-images.ts';
import { writeEntities } from './write-entities.ts';

/** What catalog indexes are obtained with. */
export interface CatalogIndexOptions {
  readonly images: Images;
  /** `CATALOG_INDEX_IMAGE`. */
  readonly primary: string | undefined;
  /** `EXTRA_CATALOG_INDEX_IMAGES`, as written. */
  readonly extras: string | undefined;
  /** `CATALOG_ENTITIES_EXTRACT_DIR`: gets `catalog-entities` and `extra/NAME/catalog-entities`. */
  readonly entitiesDirectory: string;
  /** The dynamic plugins root, absolute; what is kept for the next start lies there in plain files. */
  readonly directory: string;
  /** Replaces a file of the root as a whole. */
  readonly writeFile: (name: string, text: string) => void | Promise<void>;
  /** A private directory directly in the root; asked for only when something is unpacked. */
  readonly staging: () => string | Promise<string>;
  readonly environment: Pick<Environment, 'now'>;
  readonly log: LogSink;
}

/** What the primary index says about plugins. */
export interface CatalogDefault {
  /** Absolute path of its `dynamic-plugins.default.yaml`. */
  readonly file: string;
  /** How messages name it: `IMAGE/dynamic-plugins.default.yaml`. */
  readonly shownAs: string;
}

/**
 * Brings the catalog index and the extra ones up to date: one HEAD where nothing changed, the last good one, which is said,
 * where the registry cannot be asked. Entities are written where they differ. Gives the default file of the primary one;
 * undefined without one. Throws what fetching an image throws, `CONTENT_NOT_FOUND` when the primary one has no default file,
 * `CONTENT_LIMIT`, `STORE_FULL`, `INSTALL_IO`.
 */
export async function obtainCatalogIndex(options: CatalogIndexOptions, op?: Op): Promise<CatalogDefault | undefined> {
  const { log, directory, entitiesDirectory } = options;
  const kept = openKeptIndexes(directory, options.writeFile);
  const fresh = new Map<string, KeptIndex>();

  const obtain = async (written: string, variable: string): Promise<KeptIndex> => {
    const image = written.replace(/^(?:docker|oci):\/\//, '');
    const known = fresh.get(image);
    if (known !== undefined) return known;
    const before = kept.read(image, op);
    const index = await updated(image, before, options, op).catch((error: unknown) => {
      throw failedDownload(written, variable, error);
    });
    if (index !== before) await kept.write(index);
    fresh.set(image, index);
    return index;
  };

  const place = (index: KeptIndex, written: string, target: string, which: string): void => {
    if (index.entities === undefined) {
      const names = `neither 'catalog-entities/extensions/' nor 'catalog-entities/marketplace/' directory`;
      log.warn(`\t==> WARNING: Catalog index image ${written} does not have ${names}`);
      return;
    }
    writeEntities(target, index.entities, op);
    log.line(`\t==> Successfully extracted extensions catalog entities from ${which} to ${target}`);
  };

  let found: CatalogDefault | undefined;
  const { primary } = options;
  if (primary !== undefined) {
    log.line(`\n======= Extracting catalog index from ${primary}`);
    const index = await obtain(primary, 'CATALOG_INDEX_IMAGE');
    if (index.defaultText === undefined) {
      throw ociError(
        'CONTENT_NOT_FOUND',
        `Catalog index image ${primary} does not contain the expected ${DEFAULT_FILE} file`,
        {
          details: { image: primary, digest: index.digest },
          hint: 'check that CATALOG_INDEX_IMAGE names a catalog index',
        },
      );
    }
    found = { file: await kept.writeDefault(index), shownAs: `${primary}/${DEFAULT_FILE}` };
    place(index, primary, join(entitiesDirectory, ENTITIES_TOP), 'index image');
  }
  const users = new Map<string, string>();
  for (const { name, image } of extraIndexes(options.extras ?? '', log)) {
    log.line(`\n======= Extracting extra catalog index '${name}' from ${image}`);
    const before = users.get(name);
    if (before !== undefined) {
      log.warn(
        `\t==> WARNING: Subdirectory '${name}' was already used by '${before}'. The previous extraction will be overwritten.`,
      );
    }
    users.set(name, image);
    const index = await obtain(image, 'EXTRA_CATALOG_INDEX_IMAGES');
    place(index, image, join(entitiesDirectory, 'extra', name, ENTITIES_TOP), 'extra index image');
  }
  kept.retain(new Set(fresh.keys()));
  return found;
}

/** What a registry or a reference is wrong about in the original's words, and with the variable that names the image. */
function failedDownload(written: string, variable: string, error: unknown): unknown {
  if (!isGantryError(error) || !/^(?:REGISTRY|REFERENCE)_/.test(error.code)) return error;
  const { code, details, retryable } = error;
  const hint = installerHint(error);
  const message = `Failed to download catalog index image ${escapeRemote(written)}: ${error.message}`;
  return new GantryError(
    code,
    message,
    { meaning: '', hint },
    { hint: `${hint}; ${variable} names the image`, details, retryable, cause: error },
  );
}

/** The index as it is now, or as it was where nothing can be asked. */
async function updated(
  image: string,
  kept: KeptIndex | undefined,
  options: CatalogIndexOptions,
  op?: Op,
): Promise<KeptIndex> {
  const { images, log } = options;
  // What was accepted under other rules counts for nothing.
  const last = kept?.rules === images.rules(image, op) ? kept : undefined;
  try {
    if (last !== undefined && (await images.peek(image, op)) === last.digest) {
      log.line(`\t==> Catalog index is unchanged (${last.digest})`);
      return last;
    }
    return await fetched(image, options, op);
  } catch (error) {
    if (last === undefined || !isOutage(error)) throw error;
    log.warn(
      `\t==> WARNING: using the catalog index of ${last.fetchedAt} (${last.digest}), its registry cannot be asked: ${error.message}`,
    );
    return last;
  }
}

async function fetched(image: string, options: CatalogIndexOptions, op?: Op): Promise<KeptIndex> {
  const { images, log, environment } = options;
  const rules = images.rules(image, op);
  const tops = [DEFAULT_FILE, ENTITIES_TOP];
  const { directory, extraction, plugin } = await images.extract(image, tops, await options.staging(), op);
  for (const { digest } of plugin.layers) log.line(`\t==> Extracting layer ${hexOf(digest)}`);
  for (const { path } of extraction.oversized) log.warn(`\t==> WARNING: Skipping large file ${path} in catalog index`);
  for (const { path } of extraction.skipped)
    log.warn(`\t==> WARNING: Skipping link outside archive: ${escapeRemote(path)}`);
  const hasDefault = extraction.files.some(({ path }) => path === DEFAULT_FILE);
  return {
    image,
    digest: plugin.root.digest,
    rules,
    fetchedAt: new Date(environment.now()).toISOString(),
    defaultText: hasDefault ? readText(image, join(directory, DEFAULT_FILE)) : undefined,
    entities: readEntities(image, directory, extraction, log, op),
  };
}

function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

function readText(image: string, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (cause) {
    throw ociError('CONTENT_INVALID', `${image}: its ${DEFAULT_FILE} is not UTF-8`, { cause, details: { image } });
  }
}
