import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { tempDir } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { EMPTY_LOCK, type Lock } from './lock-file.ts';
import { lockPath, readLock, writeLock } from './lock-store.ts';

const digest = digestOf(new TextEncoder().encode('x'));
const LOCK: Lock = {
  plugins: [{ name: 'x', source: './x', digest, size: 1, platforms: [], signer: 'unsigned', evidence: [] }],
};

test('a lock is written once, and again only when it says something else', async (t) => {
  const directory = await tempDir(t);
  const path = lockPath(join(directory, 'gantry.yaml'));
  assert.equal(path, join(directory, 'gantry.lock'));
  assert.equal(readLock(path), undefined);
  assert.equal(writeLock(path, LOCK), true);
  assert.deepEqual(readLock(path), LOCK);
  const { ino, mtimeMs } = statSync(path);
  assert.equal(writeLock(path, LOCK), false);
  assert.deepEqual([statSync(path).ino, statSync(path).mtimeMs], [ino, mtimeMs]);
  assert.equal(writeLock(path, EMPTY_LOCK), true);
  assert.deepEqual(readLock(path), EMPTY_LOCK);
  assert.deepEqual(readdirSync(directory), ['gantry.lock']);
});

test('E10: a lock that is a link is neither read nor written, and what it leads to stays as it is', async (t) => {
  const directory = await tempDir(t);
  const path = join(directory, 'gantry.lock');
  const target = join(directory, '.bashrc');
  writeFileSync(target, '{"plugins":[],"schemaVersion":1}');
  symlinkSync(target, path);
  assert.throws(() => readLock(path), { code: 'CONFIG_LOCK_INVALID', message: /is a link/ });
  assert.throws(() => writeLock(path, LOCK), { code: 'CONFIG_LOCK_INVALID', message: /is a link/ });
  assert.equal(readFileSync(target, 'utf8'), '{"plugins":[],"schemaVersion":1}');
  const dangling = join(directory, 'dangling');
  symlinkSync(join(directory, 'absent'), dangling);
  assert.throws(() => writeLock(dangling, LOCK), { code: 'CONFIG_LOCK_INVALID' });
  assert.deepEqual(readdirSync(directory).toSorted(), ['.bashrc', 'dangling', 'gantry.lock']);
});

test('E10: a link that takes the place of the lock while it is written is replaced, not followed', async (t) => {
  const directory = await tempDir(t);
  const path = join(directory, 'gantry.lock');
  const target = join(directory, '.bashrc');
  writeFileSync(target, 'mine');
  const racing = {
    ...systemFileSystem,
    reached: (point: string) => {
      if (point === 'publish-file.synced') symlinkSync(target, path);
    },
  };
  assert.equal(writeLock(path, LOCK, {}, racing), true);
  assert.equal(readFileSync(target, 'utf8'), 'mine');
  assert.deepEqual(readLock(path), LOCK);
});

test('what is no file is refused, and a lock that cannot be read or written has its own code', async (t) => {
  const directory = await tempDir(t);
  const path = join(directory, 'gantry.lock');
  mkdirSync(path);
  assert.throws(() => readLock(path), { code: 'CONFIG_LOCK_INVALID', message: /not a regular file/ });
  assert.throws(() => writeLock(join(directory, 'absent', 'gantry.lock'), LOCK), { code: 'CONFIG_LOCK_UNWRITABLE' });
  const failing = {
    ...systemFileSystem,
    open: () => {
      throw Object.assign(new Error('denied'), { code: 'EACCES' });
    },
  };
  assert.throws(() => readLock(path, {}, failing), { code: 'CONFIG_UNREADABLE' });
  const other = join(directory, 'other.lock');
  writeFileSync(other, 'x'.repeat(11));
  assert.throws(() => readLock(other, { limits: { lockBytes: 10 } }), {
    code: 'CONFIG_LOCK_INVALID',
    message: /more than 10/,
  });
});
