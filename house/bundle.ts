import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { repository } from './packages.ts';

/**
 * Bundles the command line into `target/dist`: the entry, a chunk for each verb, what they share, and the files that
 * run in workers. All lie in one directory, because a library finds its worker beside itself.
 */
export async function bundleCommand(target: string): Promise<void> {
  const result = await build({
    absWorkingDir: repository,
    entryPoints: Object.fromEntries(
      [join(repository, 'packages/cli/src/start.ts'), ...workers()].map((file) => [basename(file, '.ts'), file]),
    ),
    outdir: join(target, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.15',
    external: ['@extism/extism'],
    chunkNames: '[name]-[hash]',
    // Dependencies that are CommonJS call require() for the modules of Node.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
    },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  writeFileSync(join(target, 'dist', 'THIRD-PARTY.txt'), licences(result.metafile));
}

/** Files that are started in a thread or process of their own: `x-worker.ts` and `x-child.ts`. */
function workers(): string[] {
  return ['oci', 'registry', 'core', 'runtime'].flatMap((name) => {
    const source = join(repository, 'packages', name, 'src');
    return readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((file) => /-(worker|child)\.ts$/.test(file))
      .map((file) => join(source, file));
  });
}

/** The licences of what was bundled and is not ours. */
function licences(metafile: Metafile): string {
  const directories = new Set<string>();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match?.[1] !== undefined) directories.add(match[1]);
  }
  return [...directories]
    .sort()
    .map(licenceOf)
    .join(`\n${'-'.repeat(80)}\n`);
}

function licenceOf(directory: string): string {
  const absolute = join(repository, directory);
  const { name, version, license } = JSON.parse(readFileSync(join(absolute, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  const file = readdirSync(absolute).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : readFileSync(join(absolute, file), 'utf8');
  return `${name} ${version} (${license})\n\n${text}`;
}

/** The packages of this repository whose compiled output is missing, so that a forgotten build is named. */
export function notBuilt(directories: readonly string[]): string[] {
  return directories
    .map((directory) => join(repository, 'packages', directory, 'dist', 'index.js'))
    .filter((file) => !existsSync(file))
    .map((file) => relative(repository, dirname(dirname(file))));
}
