import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { bundleImports, MEMBER_BANNER } from './bundle-imports.ts';
import { repository } from './packages.ts';

const libraries = ['oci', 'registry', 'core', 'runtime', 'backstage'];

/** npm's own libraries, as `@gantry/backstage` imports them on demand: bundled once, for both commands. */
const NPM_LIBRARIES = [
  '@npmcli/arborist',
  '@npmcli/config',
  '@npmcli/config/lib/definitions/index.js',
  'npm-package-arg',
  'npm-packlist',
  'npm-pick-manifest',
];

/**
 * Bundles both commands into `target/dist`: the entry of each, what it loads on demand, and the files that run in workers,
 * each of which is whole by itself. All lie in one directory, because a library finds its worker beside itself.
 */
export async function bundleCommand(target: string): Promise<void> {
  const outdir = join(target, 'dist');
  const entries = ['start', 'start-installer'].map((name) => join(repository, 'packages/cli/src', `${name}.ts`));
  const results = [await bundle(outdir, workers(), false), await bundleNpmLibraries(outdir)];
  // Each by itself: what one loads at once is not what the other does.
  for (const entry of entries) results.push(await bundle(outdir, [entry], true));
  const inputs = results.flatMap((result) => Object.keys(result.metafile.inputs));
  writeFileSync(join(outdir, 'THIRD-PARTY.txt'), licences(inputs));
}

async function bundle(
  outdir: string,
  files: readonly string[],
  splitting: boolean,
): Promise<{ readonly metafile: Metafile }> {
  return build({
    ...settings(outdir),
    entryPoints: Object.fromEntries(files.map((file) => [basename(file, '.ts'), file])),
    splitting,
    plugins: [npmLibraries(), await bundleImports(libraries, splitting ? files[0] : undefined)],
  });
}

/** Not ours to read in a stack trace, and large: made small. */
async function bundleNpmLibraries(outdir: string): Promise<{ readonly metafile: Metafile }> {
  const { resolve } = createRequire(join(repository, 'packages/backstage/package.json'));
  return build({
    ...settings(outdir),
    entryPoints: Object.fromEntries(NPM_LIBRARIES.map((name) => [npmFile(name), resolve(name)])),
    splitting: true,
    minify: true,
  });
}

/** Leaves imports of npm's libraries, also as `bundleImports` writes them, to the files that hold them. */
function npmLibraries(): Plugin {
  return {
    name: 'npm-libraries',
    setup: ({ onResolve }) => {
      onResolve({ filter: /./ }, ({ path, kind }) => {
        const name = path.replace(/^library:/, '');
        if (kind !== 'dynamic-import' || !NPM_LIBRARIES.includes(name)) return undefined;
        return { path: `./${npmFile(name)}.js`, external: true };
      });
    },
  };
}

function npmFile(name: string): string {
  return name.replace(/^@/, '').replace(/\.js$/, '').replaceAll('/', '-');
}

function settings(outdir: string): BuildOptions & { readonly metafile: true } {
  return {
    absWorkingDir: repository,
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.15',
    chunkNames: '[name]-[hash]',
    // Dependencies that are CommonJS call require() for the modules of Node, and ask where they are.
    banner: {
      js: [
        "import { createRequire as makeRequire } from 'node:module';",
        'const require = makeRequire(import.meta.url);',
        'const __filename = import.meta.filename;',
        'const __dirname = import.meta.dirname;',
        MEMBER_BANNER,
      ].join('\n'),
    },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  };
}

/** Files that are started in a thread or process of their own: `x-worker.ts` and `x-child.ts`. */
function workers(): string[] {
  return libraries.flatMap((name) => {
    const source = join(repository, 'packages', name, 'src');
    return readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((file) => /-(worker|child)\.ts$/.test(file))
      .map((file) => join(source, file));
  });
}

/** The licences of what was bundled and is not ours: that of each library, and what a package of ours notes in its NOTICE. */
function licences(inputs: readonly string[]): string {
  const libraries = directoriesIn(inputs, /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
  const notices = directoriesIn(inputs, /^(packages\/[^/]+)\//)
    .map((directory) => join(repository, directory, 'NOTICE'))
    .filter((file) => existsSync(file));
  return [...libraries.map(licenceOf), ...notices.map((file) => readFileSync(file, 'utf8'))].join(
    `\n${'-'.repeat(80)}\n`,
  );
}

function directoriesIn(inputs: readonly string[], pattern: RegExp): string[] {
  return [...new Set(inputs.flatMap((input) => pattern.exec(input)?.[1] ?? []))].sort();
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
