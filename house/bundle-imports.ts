import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { repository } from './packages.ts';

/** Loaded with the entry, although the sources import it on demand: what a warm `gantry run` needs, and nothing more. */
const WARM = ['packages/cli/src/verbs/on-this-machine.ts', 'packages/runtime/src/executable/executable-runtime.ts'];

/** Loaded together on demand: who needs one of a group mostly needs all of it. */
const COLD = [
  'packages/cli/src/verbs/on-registries.ts',
  'packages/cli/src/verbs/registry-serve.ts',
  'packages/cli/src/verbs/limits.ts',
  'packages/cli/src/verbs/trust-explain.ts',
  'packages/cli/src/verbs/trust-update.ts',
  'packages/cli/src/app/open-gantry.ts',
  'packages/core/src/install/prepare.ts',
  'packages/core/src/install/plan.ts',
  'packages/core/src/publish/local-source.ts',
  'packages/core/src/source/tarball-source.ts',
  'packages/oci/src/transport/tls-connect.ts',
  'packages/runtime/src/wasm/plugin-http.ts',
];
const WASM = ['packages/runtime/src/wasm/wasm-runtime.ts', 'packages/runtime/src/wasm/load-module.ts'];
const VERIFY = [
  'packages/cli/src/verbs/verify.ts',
  'packages/core/src/install/evidence-files.ts',
  'packages/core/src/trust/judge-signed.ts',
  'packages/core/src/trust/keep-evidence.ts',
  'packages/core/src/trust/answer-by-signatures.ts',
  'packages/core/src/trust/signatures/judge-signatures.ts',
];
const SIGN = [
  'packages/cli/src/verbs/key-generate.ts',
  'packages/cli/src/verbs/sign.ts',
  'packages/cli/src/app/sign-published.ts',
];
const GROUPS: Readonly<Record<string, readonly string[]>> = { cold: COLD, wasm: WASM, verify: VERIFY, sign: SIGN };

/** A function that every file of the bundle has: the export of a module. */
const MEMBER = 'exportOf';
/** Defines it. */
export const MEMBER_BANNER: string = `const ${MEMBER} = (module, name) => module[name];`;

/** For each package: which file below its sources gives a value that its index exports. */
type Homes = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Arranges the imports of our packages so that a bundle has few files and each command loads little. esbuild puts a file
 * into a chunk of its own for every combination of entries that can reach it, unused or not, and through the index of a
 * package everything is reachable. So values are imported from the files that define them, and dynamic imports become
 * either static or one; and whatever is imported on demand also names `entry`, which is loaded by then, so that all that
 * the entry needs is reached by everybody alike and stays in one chunk. Modules of Node are required: importing one reads
 * all its exports, also those that are loaded when they are first read.
 */
export async function bundleImports(packages: readonly string[], entry?: string): Promise<Plugin> {
  const homes: Homes = new Map(
    await Promise.all(packages.map(async (name) => [`@gantry/${name}`, await homesOf(name)] as const)),
  );
  const warm = new Set(WARM.map(absolute));
  const groups = new Map(
    Object.entries(GROUPS).flatMap(([name, files]) => files.map((file) => [absolute(file), `group:${name}`] as const)),
  );
  return {
    name: 'bundle-imports',
    setup: (build) => {
      build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
        kind === 'import-statement' ? { path, namespace: 'node', sideEffects: false } : { path, external: true },
      );
      build.onLoad({ filter: /./, namespace: 'node' }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)});`,
      }));
      build.onResolve({ filter: /^group:/ }, ({ path }) => ({ path: path.slice('group:'.length), namespace: 'group' }));
      build.onLoad({ filter: /./, namespace: 'group' }, ({ path }) => ({
        contents: onDemand((GROUPS[path] ?? []).map(absolute), entry),
        resolveDir: repository,
      }));
      build.onResolve({ filter: /^alone:/ }, ({ path }) => ({ path: path.slice('alone:'.length), namespace: 'alone' }));
      build.onLoad({ filter: /./, namespace: 'alone' }, ({ path }) => ({
        contents: onDemand([path], entry),
        resolveDir: repository,
      }));
      build.onResolve({ filter: /^library:/ }, ({ path, importer }) => ({
        path: path.slice('library:'.length),
        namespace: 'library',
        pluginData: dirname(importer),
      }));
      build.onLoad({ filter: /./, namespace: 'library' }, async ({ path, pluginData }) => ({
        contents: await namesOf(
          path,
          (await build.resolve(path, { kind: 'dynamic-import', resolveDir: pluginData })).path,
        ),
        resolveDir: pluginData,
      }));
      build.onLoad({ filter: /packages[/\\][\w-]+[/\\]src[/\\].*\.ts$/ }, async ({ path }) => ({
        contents: withDynamicImports(
          withoutNamespaces(withDirectImports(await readFile(path, 'utf8'), homes)),
          path,
          warm,
          groups,
        ),
        loader: 'ts',
      }));
    },
  };
}

/** A module that stands for some files, and reaches what the entry reaches. */
function onDemand(files: readonly string[], entry: string | undefined): string {
  const exports = files.map((file) => `export * from ${JSON.stringify(file)};`);
  if (entry !== undefined) exports.push(`export { start as entry } from ${JSON.stringify(entry)};`);
  return exports.join('\n');
}

/**
 * A module with the names that Node sees in a library. By itself esbuild gives who imports CommonJS on demand a default
 * export and nothing else.
 */
async function namesOf(library: string, file: string): Promise<string> {
  const names = Object.keys(await import(pathToFileURL(file).href)).filter((name) => name !== 'module.exports');
  return `export { ${names.join(', ')} } from ${JSON.stringify(library)};`;
}

function absolute(path: string): string {
  return join(repository, path);
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

function withDirectImports(text: string, homes: Homes): string {
  return text.replace(/^import \{([^}]*)\} from '(@gantry\/[\w-]+)';/gm, (statement, list: string, from: string) => {
    const known = homes.get(from);
    if (known === undefined) return statement;
    return valuesIn(list)
      .map((value) => `import { ${value} } from ${JSON.stringify(known.get(value) ?? from)};`)
      .join(' ');
  });
}

/**
 * What our sources import of Node's modules, read from them directly: esbuild would make an object with a getter for each
 * export of the module, once for every file that imports it, and that takes longer than most of what is run.
 */
function withoutNamespaces(text: string): string {
  return text.replace(/^import \{([^}]*)\} from '(node:[\w/]+)';/gm, (_statement, list: string, from: string) =>
    valuesIn(list)
      .map((value) => {
        const [name = '', local = name] = value.split(/ as /);
        const module = `/* @__PURE__ */ require(${JSON.stringify(from)})`;
        return `const ${local} = /* @__PURE__ */ ${MEMBER}(${module}, ${JSON.stringify(name)});`;
      })
      .join(' '),
  );
}

function withDynamicImports(
  text: string,
  path: string,
  warm: ReadonlySet<string>,
  groups: ReadonlyMap<string, string>,
): string {
  const statics: string[] = [];
  const rewritten = text.replace(/\bimport\('(\.[^']+)'\)/g, (_expression, from: string) => {
    const file = resolve(dirname(path), from);
    const group = groups.get(file);
    if (group !== undefined) return `import('${group}')`;
    if (!warm.has(file)) return `import(${JSON.stringify(`alone:${file}`)})`;
    const name = `warm${statics.length}`;
    statics.push(`import * as ${name} from ${JSON.stringify(file)};`);
    return `Promise.resolve(${name})`;
  });
  // JSON has a default export only, and its own attributes.
  const libraries = rewritten.replace(/\bimport\('(?!node:|group:)([@a-z][^']*)'\)/g, "import('library:$1')");
  return [...statics, libraries].join('\n');
}

/** The names in an import or export list that are not types. */
function valuesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}
