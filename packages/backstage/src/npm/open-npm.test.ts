import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { npmTarball, startNpmRegistry, tempDir } from '@gantry/testkit';
import { entryOf, npmWorld, readTree, writeTree } from './npm-world.fixture.ts';

const FILES = { 'dist/index.cjs.js': 'exports.x = 1;' };

for (const [written, expected] of [
  ['plain@1.0.0', 'plain-1.0.0'],
  ['plain@^1.0.0', 'plain-1.2.0'],
  ['plain@next', 'plain-2.0.0-rc.1'],
  ['plain', 'plain-1.2.0'],
  ['@acme/plugin-x@1.0.0', 'acme-plugin-x-1.0.0'],
  ['other@npm:@acme/plugin-x@1.0.0', 'acme-plugin-x-1.0.0'],
] as const) {
  test(`${written} of a registry becomes the directory ${expected}`, async (t) => {
    const registry = await startNpmRegistry(t);
    const published = [
      registry.publish({ name: 'plain', version: '1.0.0', files: FILES }),
      registry.publish({ name: 'plain', version: '1.2.0', files: FILES }),
      registry.publish({ name: 'plain', version: '2.0.0-rc.1', files: FILES, tags: ['next'] }),
      registry.publish({ name: '@acme/plugin-x', version: '1.0.0', files: FILES }),
    ];
    const world = await npmWorld(t, { npmrc: `registry=${registry.url}` });
    const integrity = published.map((one) => one.integrity).join(' ');
    const staged = await world.npm.stage(entryOf(written, integrity), world.staging);
    assert.equal(staged.name, expected);
    assert.equal(staged.signer, 'unsigned');
    assert.equal(staged.digest, undefined);
    assert.ok(published.some((one) => one.integrity === staged.integrity && one.tarball.length === staged.bytes));
    const tree = await readTree(staged.directory);
    assert.deepEqual(Object.keys(tree).sort(), ['dist/index.cjs.js', 'package.json']);
    assert.equal(registry.requests.length, 2);
    assert.equal(dirname(dirname(dirname(staged.directory))), world.staging);
    assert.equal(existsSync(join(dirname(dirname(staged.directory)), 'package.tgz')), false);
  });
}

test('a tarball of a URL is installed under the name in its package.json', async (t) => {
  const registry = await startNpmRegistry(t);
  const { url, integrity } = registry.publish({ name: '@acme/loc-dynamic', version: '2.0.0', files: FILES });
  const world = await npmWorld(t);
  const staged = await world.npm.stage(entryOf(`${url}?sig=secret`, integrity), world.staging);
  assert.equal(staged.name, 'acme-loc-dynamic-2.0.0');
  assert.equal(registry.requests.at(-1)?.path.endsWith('?sig=secret'), true);
});

test('a tarball on disk needs an integrity, unless it is local', async (t) => {
  const tarball = npmTarball({ name: 'disk', version: '1.0.0', files: FILES });
  const integrity = `sha256-${createHash('sha256').update(tarball).digest('base64')}`;
  const world = await npmWorld(t);
  await writeFile(join(world.root, 'disk.tgz'), tarball);
  await writeFile(join(world.directory, 'disk.tgz'), tarball);
  const { npm, staging } = world;
  assert.equal((await npm.stage(entryOf('file:disk.tgz', integrity), staging)).name, 'disk-1.0.0');
  const local = await npm.stage(entryOf('./disk.tgz'), staging);
  assert.deepEqual([local.name, local.integrity, local.bytes], ['disk-1.0.0', undefined, 0]);
  await assert.rejects(npm.stage(entryOf('file:disk.tgz'), staging), { code: 'CONFIG_PLUGIN_INTEGRITY' });
});

test('a local directory is packed as it is, and nothing of it runs', async (t) => {
  const world = await npmWorld(t);
  const marker = join(world.directory, 'ran');
  const scripts = Object.fromEntries(
    ['prepack', 'prepare', 'postpack', 'install'].map((name) => [name, `touch ${marker}`]),
  );
  await writeTree(join(world.directory, 'plugin'), {
    'package.json': JSON.stringify({ name: '@acme/local', version: '0.1.0', scripts }),
    ...FILES,
  });
  const staged = await world.npm.stage(entryOf('./plugin'), world.staging);
  assert.equal(staged.name, 'acme-local-0.1.0');
  assert.equal(staged.integrity, undefined);
  assert.deepEqual(Object.keys(await readTree(staged.directory)).sort(), ['dist/index.cjs.js', 'package.json']);
  assert.equal((await lstat(staged.directory)).mode & 0o777, 0o755);
  assert.equal(existsSync(marker), false);
});

test('group write is given where the root is shared by a group', async (t) => {
  const registry = await startNpmRegistry(t);
  const { integrity } = registry.publish({ name: 'plain', version: '1.0.0', files: FILES });
  const world = await npmWorld(t, { npmrc: `registry=${registry.url}`, groupWritable: true });
  await writeTree(join(world.directory, 'plugin'), { 'package.json': '{"name":"l","version":"1.0.0"}', ...FILES });
  for (const entry of [entryOf('plain', integrity), entryOf('./plugin')]) {
    const { directory } = await world.npm.stage(entry, world.staging);
    assert.equal((await lstat(directory)).mode & 0o777, 0o775);
    assert.equal((await lstat(join(directory, 'dist'))).mode & 0o777, 0o775);
    assert.equal((await lstat(join(directory, 'package.json'))).mode & 0o777, 0o664);
  }
});

test('a local directory that is missing is no package', async (t) => {
  const { npm, staging } = await npmWorld(t);
  await assert.rejects(npm.stage(entryOf('./absent'), staging), { code: 'CONFIG_PACKAGE' });
});

test('nothing is left in the temporary or the home directory, and nothing in staging when a package fails', async (t) => {
  const registry = await startNpmRegistry(t);
  const { integrity } = registry.publish({ name: 'plain', version: '1.0.0' });
  const world = await npmWorld(t, { npmrc: `registry=${registry.url}` });
  const temporary = await tempDir(t);
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  await assert.rejects(world.npm.stage(entryOf('plain', 'sha512-AAAA'), world.staging), { code: 'CONTENT_INTEGRITY' });
  await assert.rejects(world.npm.stage(entryOf('absent', 'sha512-AAAA'), world.staging), {
    code: 'REGISTRY_NOT_FOUND',
    message: /^127\.0\.0\.1:\d+ has no package absent, or does not show it \(GET .*: status 404/,
    hint: /^check the name; .* in \.npmrc$/,
  });
  await assert.rejects(world.npm.stage(entryOf('plain@7', 'sha512-AAAA'), world.staging), {
    code: 'REGISTRY_NOT_FOUND',
  });
  assert.deepEqual(await world.staged(), []);
  await world.npm.stage(entryOf('plain', integrity), world.staging);
  assert.deepEqual(Object.keys(await readTree(world.home)), []);
  assert.deepEqual(await readdir(temporary), []);
});

test('an operation that is cancelled stops, and leaves nothing', async (t) => {
  const registry = await startNpmRegistry(t);
  const { integrity } = registry.publish({ name: 'plain', version: '1.0.0' });
  const world = await npmWorld(t, { npmrc: `registry=${registry.url}` });
  const aborted = AbortSignal.abort();
  await assert.rejects(world.npm.stage(entryOf('plain', integrity), world.staging, { signal: aborted }), {
    name: 'AbortError',
  });
  assert.deepEqual(await world.staged(), []);
});
