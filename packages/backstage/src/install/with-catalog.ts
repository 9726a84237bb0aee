import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Op } from '@gantry/oci';
import type { CatalogDefault, CatalogIndexOptions } from '../images/catalog-index.ts';
import type { DynamicRoot } from '../root/open-root.ts';
import type { InstallSettings } from './install-settings.ts';
import type { Packages } from './open-packages.ts';
import type { InstallOptions } from './run-context.ts';

/** What obtaining catalog indexes needs of a run. */
export interface CatalogRun {
  readonly options: Pick<InstallOptions, 'environment' | 'log' | 'dryRun'>;
  readonly variables: InstallSettings;
  readonly root: DynamicRoot;
  readonly packages: Packages;
  readonly op: Op;
}

/** Where an index is unpacked, and what is kept of it. */
type Place = Pick<CatalogIndexOptions, 'directory' | 'entitiesDirectory' | 'staging' | 'writeFile'>;

/**
 * Brings the catalog indexes that the variables name up to date. Resolves to what the primary one says about plugins, which
 * can be read until `work` ends; a dry run takes it into a temporary directory. Throws what `obtainCatalogIndex` throws.
 */
export async function withCatalog<T>(
  run: CatalogRun,
  work: (found: CatalogDefault | undefined) => Promise<T>,
): Promise<T> {
  const { variables, root, options, op } = run;
  const { catalogIndex, extraCatalogIndexes, entitiesDirectory } = variables;
  if (catalogIndex === undefined && extraCatalogIndexes === undefined) return work(undefined);
  if (options.dryRun !== true) {
    const place: Place = {
      directory: root.directory,
      entitiesDirectory,
      staging: () => root.staging(),
      writeFile: (name, text) => root.writeFile(name, text, op),
    };
    return work(await obtain(run, place));
  }
  const temporary = mkdtempSync(join(options.environment.env['TMPDIR'] || tmpdir(), 'gantry-catalog-index-'));
  try {
    const { copyKeptIndexes } = await import('../images/kept-indexes.ts');
    copyKeptIndexes(root.directory, temporary);
    const place: Place = {
      directory: temporary,
      entitiesDirectory: join(temporary, 'extensions'),
      staging: () => mkdirSync(join(temporary, 'staging'), { recursive: true }) ?? join(temporary, 'staging'),
      writeFile: (name, text) => writeFileSync(join(temporary, name), text),
    };
    return await work(await obtain(run, place));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function obtain(
  { options, variables, packages, op }: CatalogRun,
  place: Place,
): Promise<CatalogDefault | undefined> {
  const { obtainCatalogIndex } = await import('../images/catalog-index.ts');
  const index = {
    images: await packages.images(op),
    primary: variables.catalogIndex,
    extras: variables.extraCatalogIndexes,
    environment: options.environment,
    log: options.log,
    ...place,
  };
  return obtainCatalogIndex(index, op);
}
