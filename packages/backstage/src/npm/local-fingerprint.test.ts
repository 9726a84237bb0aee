import assert from 'node:assert/strict';
import { chmod, mkdir, rename, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { compareLocal } from './local-fingerprint.ts';
import { writeTree } from './npm-world.fixture.ts';

const FILES = { 'package.json': '{}', 'dist/a.js': '1', 'dist/b.js': '22' };

test('an untouched package is unchanged, and the fingerprint stays the same', async (t) => {
  const directory = await tempDir(t);
  await writeTree(directory, FILES);
  const first = await compareLocal(directory, undefined);
  assert.equal(first.changed, true);
  assert.deepEqual(await compareLocal(directory, first.fingerprint), {
    changed: false,
    fingerprint: first.fingerprint,
  });
});

test('nothing is read while nothing was touched', async (t) => {
  const directory = await tempDir(t);
  await writeTree(directory, FILES);
  const { fingerprint } = await compareLocal(directory, undefined);
  const [stats] = fingerprint.split(' ');
  // The hash of the contents is not what it was; only who reads them can tell.
  assert.equal((await compareLocal(directory, `${stats} elsewhere`)).changed, false);
});

test('files that are copied or touched, with the same contents, change the fingerprint alone', async (t) => {
  const directory = await tempDir(t);
  await writeTree(directory, FILES);
  const before = await compareLocal(directory, undefined);
  await utimes(join(directory, 'dist/a.js'), 1, 1);
  const after = await compareLocal(directory, before.fingerprint);
  assert.equal(after.changed, false);
  assert.notEqual(after.fingerprint, before.fingerprint);
  assert.equal((await compareLocal(directory, after.fingerprint)).fingerprint, after.fingerprint);
});

for (const [what, change] of [
  [
    'other contents of the same length and time',
    async (directory: string) => {
      const file = join(directory, 'dist/a.js');
      const { atime, mtime } = await stat(file);
      await writeFile(file, '2');
      await utimes(file, atime, mtime);
    },
  ],
  ['a new file', (directory: string) => writeFile(join(directory, 'new.js'), '')],
  ['a new directory', (directory: string) => mkdir(join(directory, 'new'))],
  ['a file that is gone', (directory: string) => unlink(join(directory, 'dist/a.js'))],
  ['another name', (directory: string) => rename(join(directory, 'dist/a.js'), join(directory, 'dist/c.js'))],
  ['an executable bit', (directory: string) => chmod(join(directory, 'dist/a.js'), 0o755)],
  [
    'a file that became a link',
    async (directory: string) => {
      await unlink(join(directory, 'dist/a.js'));
      await symlink('b.js', join(directory, 'dist/a.js'));
    },
  ],
  [
    'a directory that became a file',
    async (directory: string) => {
      await rm(join(directory, 'dist'), { recursive: true });
      await writeFile(join(directory, 'dist'), '');
    },
  ],
] as const) {
  test(`${what} is a change`, async (t) => {
    const directory = await tempDir(t);
    await writeTree(directory, FILES);
    const { fingerprint } = await compareLocal(directory, undefined);
    await change(directory);
    assert.equal((await compareLocal(directory, fingerprint)).changed, true);
  });
}

test('a package behind a link is what the link leads to', async (t) => {
  const base = await tempDir(t);
  await writeTree(join(base, 'real'), FILES);
  await symlink('real', join(base, 'link'));
  const { fingerprint } = await compareLocal(join(base, 'link'), undefined);
  await writeFile(join(base, 'real/dist/a.js'), '2');
  assert.equal((await compareLocal(join(base, 'link'), fingerprint)).changed, true);
});

test('a link in a circle is no way to walk', async (t) => {
  const directory = await tempDir(t);
  await writeTree(directory, FILES);
  await symlink('.', join(directory, 'self'));
  assert.equal((await compareLocal(directory, undefined)).changed, true);
});
