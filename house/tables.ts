import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorTable, LimitTable } from '@gantry/oci';
import { published, repository } from './packages.ts';

const errors = await load<ErrorTable<string>>(/-errors\.ts$/);
const limits = await load<LimitTable<string>>(/-limits\.ts$/);

/** The error tables of all packages that are published, in the order of dependence. */
export function allErrorTables(): readonly ErrorTable<string>[] {
  return errors;
}

/** The limit tables of all packages that are published, in the order of dependence. */
export function allLimitTables(): readonly LimitTable<string>[] {
  return limits;
}

/** Tables stand in one file per package, at the top of its sources. */
async function load<Table extends { readonly package: string; readonly specs: object }>(
  file: RegExp,
): Promise<Table[]> {
  const tables: Table[] = [];
  for (const { directory } of published) {
    const sources = join(repository, 'packages', directory, 'src');
    for (const name of readdirSync(sources).filter((entry) => file.test(entry))) {
      const exported = (await import(pathToFileURL(join(sources, name)).href)) as Record<string, unknown>;
      tables.push(...Object.values(exported).filter(isTable<Table>));
    }
  }
  return tables;
}

function isTable<Table>(value: unknown): value is Table {
  return typeof value === 'function' && 'specs' in value && 'package' in value;
}
