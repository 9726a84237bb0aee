import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FileSystem, openFlags, systemFileSystem } from '@gantry/core';
import { faultyFileSystem } from './faulty-file-system.ts';
import { type ForgetfulFileSystem, forgetfulFileSystem } from './forgetful-file-system.ts';
import { tempDir } from './temp-dir.ts';

function write(files: FileSystem, path: string, text: string, sync: boolean): void {
  const fd = files.open(path, openFlags.create, 0o600);
  files.write(fd, Buffer.from(text));
  if (sync) files.sync(fd);
  files.close(fd);
}

function syncNames(files: FileSystem, path: string): void {
  const fd = files.open(path, openFlags.directory);
  files.sync(fd);
  files.close(fd);
}

test('a faulty file system counts, and fails at the k-th call', async (t) => {
  const directory = await tempDir(t);
  const counting = faultyFileSystem(systemFileSystem);
  write(counting, join(directory, 'a'), 'x', true);
  counting.reached('here');
  assert.deepEqual(counting.calls, ['open', 'write', 'sync', 'close']);
  assert.deepEqual([counting.points, counting.failed], [['here'], false]);

  const failing = faultyFileSystem(systemFileSystem, { failAt: 2 });
  assert.throws(() => write(failing, join(directory, 'b'), 'x', true), { code: 'ENOSPC', syscall: 'write' });
  assert.equal(failing.failed, true);
  failing.unlink(join(directory, 'b'));
});

test('only chosen calls fail, with a chosen code, once or for ever, asynchronous ones by rejecting', async (t) => {
  const directory = await tempDir(t);
  const failing = faultyFileSystem(systemFileSystem, {
    failAt: 1,
    calls: ['syncAsync', 'writeAsync'],
    code: 'EIO',
    sticky: true,
  });
  const fd = failing.open(join(directory, 'a'), openFlags.create);
  await assert.rejects(failing.writeAsync(fd, Buffer.from('x')), { code: 'EIO' });
  await assert.rejects(failing.syncAsync(fd), { code: 'EIO' });
  failing.close(fd);
});

interface PowerCase {
  readonly name: string;
  readonly run: (files: ForgetfulFileSystem, directory: string) => void;
  /** Content by name after the power came back. */
  readonly left: Readonly<Record<string, string>>;
}

const powerCases: readonly PowerCase[] = [
  {
    name: 'a name that was not synced is gone',
    run: (files, directory) => write(files, join(directory, 'new'), 'x', true),
    left: { old: 'old' },
  },
  {
    name: 'data that was not synced is gone though its name stays',
    run: (files, directory) => {
      write(files, join(directory, 'new'), 'x', false);
      syncNames(files, directory);
    },
    left: { old: 'old', new: '' },
  },
  {
    name: 'what was synced stays',
    run: (files, directory) => {
      write(files, join(directory, 'new'), 'x', true);
      syncNames(files, directory);
    },
    left: { old: 'old', new: 'x' },
  },
  {
    name: 'a rename that was not synced did not happen',
    run: (files, directory) => {
      write(files, join(directory, 'new'), 'x', true);
      syncNames(files, directory);
      files.rename(join(directory, 'new'), join(directory, 'old'));
    },
    left: { old: 'old', new: 'x' },
  },
  {
    name: 'a rename of unsynced data, synced, leaves an empty file',
    run: (files, directory) => {
      write(files, join(directory, 'new'), 'x', false);
      files.rename(join(directory, 'new'), join(directory, 'old'));
      syncNames(files, directory);
    },
    left: { old: '' },
  },
  {
    name: 'a removal that was not synced did not happen',
    run: (files, directory) => files.unlink(join(directory, 'old')),
    left: { old: 'old' },
  },
  {
    name: 'a removal that was synced did',
    run: (files, directory) => {
      files.unlink(join(directory, 'old'));
      syncNames(files, directory);
    },
    left: {},
  },
];

async function forgetful(t: TestContext): Promise<[ForgetfulFileSystem, string]> {
  const root = await tempDir(t);
  for (const name of ['attic', 'disk']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'disk', 'old'), 'old');
  return [forgetfulFileSystem(systemFileSystem, join(root, 'attic')), join(root, 'disk')];
}

for (const { name, run, left } of powerCases) {
  test(`when the power fails, ${name}`, async (t) => {
    const [files, directory] = await forgetful(t);
    run(files, directory);
    files.losePower();
    const found = readdirSync(directory).map((entry) => [entry, readFileSync(join(directory, entry), 'utf8')]);
    assert.deepEqual(Object.fromEntries(found), left);
  });
}

test('when the power fails, directories follow the same rules', async (t) => {
  const [files, directory] = await forgetful(t);
  files.mkdir(join(directory, 'kept'), 0o700);
  write(files, join(directory, 'kept', 'a'), 'x', true);
  syncNames(files, join(directory, 'kept'));
  syncNames(files, directory);
  files.mkdir(join(directory, 'lost'), 0o700);
  files.rename(join(directory, 'kept'), join(directory, 'moved'));
  files.removeTree(join(directory, 'moved'));
  assert.equal(existsSync(join(directory, 'moved')), false);
  files.losePower();
  assert.deepEqual(readdirSync(directory).sort(), ['kept', 'old']);
  assert.equal(readFileSync(join(directory, 'kept', 'a'), 'utf8'), 'x');
});
