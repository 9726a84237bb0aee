import assert from 'node:assert/strict';
import { dirname, join, normalize } from 'node:path/posix';
import { test } from 'node:test';
import { importsOf, sourceFiles } from './source-files.ts';

/** What each package may import of the others. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  oci: [],
  registry: ['oci'],
  core: ['oci'],
  runtime: ['oci', 'core'],
  backstage: ['oci', 'core', 'runtime'],
  cli: ['oci', 'registry', 'core', 'runtime', 'backstage'],
  testkit: ['oci', 'registry', 'core', 'runtime', 'backstage'],
};

/**
 * Inside core: what each folder may import: only of those above it. `files` is the seam to the file
 * system and `plugin` the words that all share; `store`, `archive` and `trust` know nothing of each other.
 */
const coreFolders: Readonly<Record<string, readonly string[]>> = {
  files: [],
  plugin: [],
  store: ['files'],
  archive: ['files'],
  trust: ['files', 'plugin'],
  config: ['files', 'plugin', 'trust'],
  source: ['archive', 'plugin'],
  sign: ['files', 'trust', 'config'],
  publish: ['files', 'plugin', 'source', 'sign'],
  install: ['files', 'plugin', 'store', 'archive', 'trust', 'source'],
  pull: ['files', 'plugin', 'store', 'archive', 'trust', 'source', 'install'],
  lock: ['files', 'plugin', 'trust', 'source', 'install'],
  gantry: ['plugin', 'store', 'trust', 'source', 'publish', 'install', 'lock'],
};

const isTest = (path: string): boolean => /\.(test|fixture|suite)\.ts$/.test(path);
const packageOf = (specifier: string): string | undefined => /^@gantry\/([\w-]+)/.exec(specifier)?.[1];

test('packages import in one direction, by name and through the index', () => {
  const wrong: string[] = [];
  for (const [name, allowed] of Object.entries(mayImport)) {
    for (const { path, text } of sourceFiles(`packages/${name}/src`)) {
      for (const specifier of importsOf(text)) {
        const target = packageOf(specifier);
        const fine =
          target === undefined || target === name || allowed.includes(target) || (isTest(path) && target === 'testkit');
        if (!fine && !(isTest(path) && mayImport[target ?? ''] !== undefined))
          wrong.push(`${path} imports ${specifier}`);
        if (/^@gantry\/[\w-]+\/./.test(specifier)) wrong.push(`${path} reaches into ${specifier}`);
        if (specifier.startsWith('.') && !isTest(path) && !resolved(path, specifier).startsWith(`packages/${name}/`)) {
          wrong.push(`${path} leaves its package with ${specifier}`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('what is published never imports the testkit or tests', () => {
  const wrong = sourceFiles('packages')
    .filter(({ path }) => path.includes('/src/') && !path.startsWith('packages/testkit/') && !isTest(path))
    .flatMap(({ path, text }) =>
      importsOf(text)
        .filter((specifier) => packageOf(specifier) === 'testkit' || /\.(test|fixture)\.ts$/.test(specifier))
        .map((specifier) => `${path} imports ${specifier}`),
    );
  assert.deepEqual(wrong, []);
});

test('the folders of core import in one direction', () => {
  const wrong: string[] = [];
  const order = Object.keys(coreFolders);
  for (const [index, from] of order.entries()) {
    const later = coreFolders[from]?.find((to) => !order.slice(0, index).includes(to));
    if (later !== undefined) wrong.push(`${from} stands before ${later}, which it may import`);
  }
  for (const { path, text } of sourceFiles('packages/core/src').filter((file) => !isTest(file.path))) {
    const from = folderOf(path);
    if (from === undefined) continue;
    for (const specifier of importsOf(text).filter((entry) => entry.startsWith('.'))) {
      const to = folderOf(resolved(path, specifier));
      if (to !== undefined && to !== from && !(coreFolders[from] ?? []).includes(to)) {
        wrong.push(`${path} imports ${specifier}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('no modules of a package import each other in a circle at run time', () => {
  for (const name of Object.keys(mayImport)) {
    const files = sourceFiles(`packages/${name}/src`);
    const edges = new Map(files.map(({ path, text }) => [path, runtimeImports(path, text)]));
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      assert.ok(!trail.includes(path), `a circle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
      if (done.has(path)) return;
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of edges.keys()) visit(path, []);
  }
});

function runtimeImports(path: string, text: string): string[] {
  const withoutTypes = text.replace(/^(?:import|export) type\b[^;]*;/gm, '').replace(/\bimport\s*\([^)]*\)/g, '');
  return importsOf(withoutTypes)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolved(path, specifier));
}

function resolved(path: string, specifier: string): string {
  return normalize(join(dirname(path), specifier));
}

function folderOf(path: string): string | undefined {
  return /^packages\/core\/src\/([\w-]+)\//.exec(path)?.[1];
}
