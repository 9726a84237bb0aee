import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { LOCAL_PACKAGES, writeLocalPackage } from './local-packages.fixture.ts';
import { entryOf, npmWorld, writeTree } from './npm-world.fixture.ts';

/** Every file, sorted; with `*` behind executables. */
function listing(directory: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const facts = lstatSync(path);
    if (facts.isDirectory()) continue;
    assert.ok(facts.isFile(), path);
    found.push(`${path.slice(directory.length + 1)}${(facts.mode & 0o100) === 0 ? '' : '*'}`);
  }
  return found.sort();
}

for (const { what, files, name, packed } of LOCAL_PACKAGES) {
  test(`packed as npm packs it: ${what}`, async (t) => {
    const world = await npmWorld(t);
    await writeLocalPackage(join(world.directory, 'plugin'), files);
    const staged = await world.npm.stage(entryOf('./plugin'), world.staging);
    assert.equal(staged.name, name);
    assert.deepEqual(listing(staged.directory), packed);
    for (const path of packed) {
      const plain = path.replace(/\*$/, '');
      assert.deepEqual(
        readFileSync(join(staged.directory, plain)),
        readFileSync(join(world.directory, 'plugin', plain)),
      );
    }
  });
}

test('D8: a file above MAX_ENTRY_SIZE is refused in a local package too', async (t) => {
  const world = await npmWorld(t, { maxEntryBytes: 100 });
  await writeTree(join(world.directory, 'plugin'), {
    'package.json': '{"name":"l","version":"1.0.0"}',
    'exact.bin': 'x'.repeat(100),
  });
  assert.equal((await world.npm.stage(entryOf('./plugin'), world.staging)).name, 'l-1.0.0');
  await writeTree(join(world.directory, 'plugin'), { 'exact.bin': 'x'.repeat(101) });
  await assert.rejects(world.npm.stage(entryOf('./plugin'), world.staging), {
    code: 'ARCHIVE_LIMIT',
    message: 'Zip bomb detected in exact.bin: 101 bytes, at most 100 are allowed',
  });
});

test('D6: setuid, sticky bits and a strict umask do not reach what is installed', async (t) => {
  const world = await npmWorld(t);
  await writeLocalPackage(join(world.directory, 'plugin'), {
    'package.json': '{"name":"l","version":"1.0.0"}',
    'lib/tool.sh': { executable: '#!/bin/sh', mode: 0o6777 },
  });
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const { directory } = await world.npm.stage(entryOf('./plugin'), world.staging);
  assert.equal(lstatSync(join(directory, 'lib/tool.sh')).mode & 0o7777, 0o755);
  assert.equal(lstatSync(join(directory, 'lib')).mode & 0o7777, 0o755);
  assert.equal(lstatSync(join(directory, 'package.json')).mode & 0o7777, 0o644);
});

for (const [what, manifest] of [
  ['no package.json', undefined],
  ['no JSON', '{'],
  ['a list', '[]'],
  ['no version', '{"name":"x"}'],
  ['no name', '{"version":"1.0.0"}'],
] as const) {
  test(`a local directory with ${what} is no package`, async (t) => {
    const world = await npmWorld(t);
    await writeTree(join(world.directory, 'plugin'), {
      'index.js': '1',
      ...(manifest === undefined ? {} : { 'package.json': manifest }),
    });
    await assert.rejects(world.npm.stage(entryOf('./plugin'), world.staging), { code: 'CONFIG_PACKAGE' });
    assert.deepEqual(await world.staged(), []);
  });
}

test('a package.json at packageJsonBytes is read, above it is refused', async (t) => {
  const world = await npmWorld(t);
  const manifest = '{"name":"l","version":"1.0.0"}';
  await writeTree(join(world.directory, 'plugin'), { 'package.json': manifest });
  const stage = (limit: number): Promise<unknown> =>
    world.npm.stage(entryOf('./plugin'), world.staging, { limits: { packageJsonBytes: limit } });
  await stage(manifest.length);
  await assert.rejects(stage(manifest.length - 1), {
    code: 'CONFIG_PACKAGE',
    details: { limit: 'packageJsonBytes', expected: manifest.length - 1, found: manifest.length },
  });
});

test('a local directory that is a link is packed like what it leads to', async (t) => {
  const world = await npmWorld(t);
  const elsewhere = await tempDir(t);
  await writeTree(elsewhere, { 'package.json': '{"name":"l","version":"1.0.0"}', 'a.js': '1' });
  await writeLocalPackage(world.directory, { plugin: { link: elsewhere } });
  const { directory } = await world.npm.stage(entryOf('./plugin'), world.staging);
  assert.deepEqual(listing(directory), ['a.js', 'package.json']);
});
