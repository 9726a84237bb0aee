import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { test } from 'node:test';
import { published, readManifest, repository } from './packages.ts';
import { sourceFiles, trackedFiles } from './source-files.ts';

const longest = 500;
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
const code = sourceFiles('packages', 'house', 'bench', 'conformance', 'examples');

test(`no source file is longer than ${longest} lines`, () => {
  const long = code.filter(({ text }) => text.split('\n').length > longest).map(({ path }) => path);
  assert.deepEqual(long, []);
});

test('files are named after what they do', () => {
  const vague = /^(utils?|helpers?|common|misc|shared|stuff|lib)$/;
  const wrong = code
    .map(({ path }) => path)
    .filter((path) => {
      const name = basename(path).replace(/\..*$/, '');
      return vague.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
    });
  assert.deepEqual(wrong, []);
});

test('checks are not silenced and types are not given up in the product', () => {
  const forbidden = [/@ts-(ignore|expect-error|nocheck)/, /biome-ignore/, /\bTODO\b/, /\bFIXME\b/, /\bXXX\b/];
  const wrong = code
    .filter(({ path }) => /packages\/[\w-]+\/src\//.test(path))
    .flatMap(({ path, text }) =>
      forbidden.filter((pattern) => pattern.test(text)).map((pattern) => `${path}: ${pattern}`),
    );
  assert.deepEqual(wrong, []);
});

test('a compiled file finds its neighbours: no path to .ts outside of imports', () => {
  const wrong = code
    .filter(
      ({ path }) =>
        /packages\/[\w-]+\/src\//.test(path) &&
        !/\.(test|fixture)\.ts$/.test(path) &&
        !path.startsWith('packages/testkit/'),
    )
    .filter(({ text }) =>
      /['"`][^'"`\n]*\.ts['"`]/.test(
        withoutComments(text).replace(/(from\s+|import\s*\(\s*|^import\s+)['"][^'"]+['"]/gm, ''),
      ),
    )
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

test('libraries can be required: no top-level await', () => {
  const wrong = code
    .filter(
      ({ path }) => /packages\/(oci|registry|core|runtime)\/src\//.test(path) && !/\.(test|fixture)\.ts$/.test(path),
    )
    .filter(({ text }) => /^(?:(?:const|let|var)\b[^=]*=\s*)?await\b|^for await\b/m.test(text))
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

test('the lock file and the configuration name no registry host', () => {
  const lock = readFileSync(join(repository, 'package-lock.json'), 'utf8');
  assert.doesNotMatch(lock, /"resolved": "https?:/);
  assert.doesNotMatch(readFileSync(join(repository, '.npmrc'), 'utf8'), /^\s*(@[\w-]+:)?registry\s*=/m);
});

test('all packages have one version and say which Node they need', () => {
  const manifests = published.map((item) => readManifest(item.directory));
  assert.equal(new Set(manifests.map((manifest) => manifest.version)).size, 1);
  for (const { name, engines, dependencies = {} } of manifests) {
    assert.match(engines.node, /\d/, name);
    for (const [dependency, range] of Object.entries(dependencies)) {
      assert.match(range, /^\^/, `${name}: ${dependency} ${range}`);
    }
  }
});

test('pages link to pages that exist', () => {
  const files = new Set(trackedFiles());
  const wrong: string[] = [];
  for (const path of [...files].filter((file) => extname(file) === '.md')) {
    const text = readFileSync(join(repository, path), 'utf8').replace(/```[\s\S]*?```/g, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const linked = join(path, '..', target).replace(/\/$/, '');
      const known = files.has(linked) || [...files].some((file) => file.startsWith(`${linked}/`));
      if (!known) wrong.push(`${path} links to ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});
