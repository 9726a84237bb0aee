import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { repository } from './packages.ts';

/** For each package: which file below its sources gives a value that its index exports. */
type Homes = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Lets a bundle import values of our packages from the files that define them. esbuild puts a file into the chunk of every
 * entry that can reach it, unused or not, and through an index everything is reachable; without this each verb would load
 * all of all packages.
 */
export async function directImports(packages: readonly string[]): Promise<Plugin> {
  const homes: Homes = new Map(
    await Promise.all(packages.map(async (name) => [`@gantry/${name}`, await homesOf(name)] as const)),
  );
  return {
    name: 'direct-imports',
    setup: (build) => {
      build.onLoad({ filter: /packages[/\\][\w-]+[/\\]src[/\\].*\.ts$/ }, async ({ path }) => ({
        contents: rewritten(await readFile(path, 'utf8'), homes),
        loader: 'ts',
      }));
    },
  };
}

async function homesOf(name: string): Promise<ReadonlyMap<string, string>> {
  const source = join(repository, 'packages', name, 'src');
  const homes = new Map<string, string>();
  const index = readFileSync(join(source, 'index.ts'), 'utf8');
  for (const [, list, from = ''] of index.matchAll(/^export (?:\*|\{([^}]*)\}) from '([^']+)';/gm)) {
    const file = resolve(source, from);
    const names = list === undefined ? Object.keys(await import(pathToFileURL(file).href)) : valuesIn(list);
    for (const value of names) homes.set(value, file);
  }
  return homes;
}

function rewritten(text: string, homes: Homes): string {
  return text.replace(/^import \{([^}]*)\} from '(@gantry\/[\w-]+)';/gm, (statement, list: string, from: string) => {
    const known = homes.get(from);
    if (known === undefined) return statement;
    return valuesIn(list)
      .map((value) => `import { ${value} } from ${JSON.stringify(known.get(value) ?? from)};`)
      .join(' ');
  });
}

/** The names in an import or export list that are not types. */
function valuesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}
