import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGantryError, readAll, systemEnvironment } from '@gantry/oci';
import { type FileCall, faultyFileSystem, forgetfulFileSystem, runUntilKilled, tempDir } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { openStore } from './open-store.ts';
import { blobOf, loggingSource } from './store.fixture.ts';

const blob = blobOf(1);
const child: URL = new URL('./store-child.fixture.ts', import.meta.url);
const writing: readonly FileCall[] = [
  'open',
  'writeAsync',
  'write',
  'syncAsync',
  'sync',
  'mkdir',
  'rename',
  'close',
  'touch',
  'link',
];
const POINTS = [
  'store.ingest.created',
  'store.ingest.written',
  'store.commit.synced',
  'store.commit.renamed',
  'store.commit.done',
];

for (const [code, expected] of [
  ['ENOSPC', ['STORE_FULL', 'STORE_IO']],
  ['EDQUOT', ['STORE_FULL', 'STORE_IO']],
  ['EROFS', ['STORE_READ_ONLY', 'STORE_IO']],
  ['EIO', ['STORE_IO']],
  ['EMFILE', ['STORE_IO']],
] as const) {
  test(`E2: ${code} at each call of a fetch is a typed error, frees the space, and the next fetch succeeds`, async (t) => {
    const parent = await tempDir(t);
    const log = join(parent, 'log');
    for (let failAt = 1; ; failAt += 1) {
      const directory = join(parent, `store-${failAt}`);
      const fileSystem = faultyFileSystem(systemFileSystem, { failAt, code, calls: writing });
      const seen: string[] = [];
      try {
        await openStore(directory, { fileSystem }).fetch(blob.what, loggingSource([blob], log));
      } catch (error) {
        if (!isGantryError(error)) throw error;
        seen.push(error.code);
      }
      if (!fileSystem.failed) return;
      for (const each of seen)
        assert.ok(
          expected.some((one) => one === each),
          `${each} at call ${failAt} (${fileSystem.calls.at(-1)})`,
        );
      const litter = ['ingest', 'locks']
        .map((name) => join(directory, 'v1', name))
        .flatMap((name) => (existsSync(name) ? readdirSync(name) : []));
      assert.deepEqual(litter, [], `left behind by ${fileSystem.calls.at(-1)} at call ${failAt}`);
      const healed = openStore(directory);
      await healed.fetch(blob.what, loggingSource([blob], log));
      assert.deepEqual(Buffer.from(await readAll(healed, blob.what)), blob.bytes);
    }
  });
}

test('E3: a lock that its own process failed to take away holds nobody up', async (t) => {
  const parent = await tempDir(t);
  const log = join(parent, 'log');
  const impatient = { ...systemEnvironment(), sleep: () => Promise.reject(new Error('waited for a lock')) };
  for (let failAt = 1; ; failAt += 1) {
    const directory = join(parent, `store-${failAt}`);
    const fileSystem = faultyFileSystem(systemFileSystem, { failAt, calls: ['lstat', 'unlink'] });
    const fetching = async () => openStore(directory, { fileSystem }).fetch(blob.what, loggingSource([blob], log));
    await fetching().catch(() => {});
    if (!fileSystem.failed) return;
    const next = openStore(directory, { environment: impatient });
    await next.fetch(blob.what, loggingSource([blob], log));
    assert.deepEqual(Buffer.from(await readAll(next, blob.what)), blob.bytes);
  }
});

test('E2: a store that cannot be written serves what it has, and says so when something new is wanted', async (t) => {
  const parent = await tempDir(t);
  const directory = join(parent, 'store');
  await openStore(directory).fetch(blob.what, loggingSource([blob], join(parent, 'log')));
  const changing: readonly FileCall[] = [
    'mkdir',
    'rename',
    'write',
    'writeAsync',
    'unlink',
    'touch',
    'link',
    'removeTree',
  ];
  const inner = {
    ...systemFileSystem,
    open: (path: string, flags: number, mode?: number): number => {
      if (mode !== undefined) throw Object.assign(new Error('read-only'), { code: 'EROFS' });
      return systemFileSystem.open(path, flags, mode);
    },
  };
  const store = openStore(directory, {
    fileSystem: faultyFileSystem(inner, { failAt: 1, sticky: true, code: 'EROFS', calls: changing }),
  });
  await store.fetch(blob.what, loggingSource([blob], join(parent, 'log')));
  await using _lease = await store.lease([blob.what.digest]);
  assert.deepEqual(Buffer.from(await readAll(store, blob.what)), blob.bytes);
  const other = blobOf(2);
  await assert.rejects(store.fetch(other.what, loggingSource([other], join(parent, 'log'))), {
    code: 'STORE_READ_ONLY',
  });
  assert.equal(readFileSync(join(parent, 'log'), 'utf8').split('\n').length, 2, 'nothing was downloaded in vain');
});

for (const point of POINTS) {
  test(`E1: a kill at ${point} leaves no blob or the whole blob, and the next process succeeds`, async (t) => {
    const parent = await tempDir(t);
    const directory = join(parent, 'store');
    const end = await runUntilKilled(child, { point, args: ['fetch', directory, join(parent, 'log')] });
    assert.equal(end.signal, 'SIGKILL', end.stderr);
    const store = openStore(directory);
    assert.equal(await store.has(blob.what), POINTS.indexOf(point) >= 3);
    if (await store.has(blob.what)) assert.deepEqual(Buffer.from(await readAll(store, blob.what)), blob.bytes);
    await store.fetch(blob.what, loggingSource([blob], join(parent, 'log')));
    assert.deepEqual(Buffer.from(await readAll(store, blob.what)), blob.bytes);
    assert.ok(readdirSync(join(directory, 'v1', 'ingest')).length <= 1, 'what the kill left is bounded');
    await store.prune(() => new Set([blob.what.digest]), { limits: { stagingAge: -1000 } });
    assert.deepEqual(readdirSync(join(directory, 'v1', 'ingest')), [], 'and goes away with age');
    assert.equal(await store.has(blob.what), true);
  });
}

for (const point of [...POINTS, 'publish-file.synced', 'publish-file.renamed']) {
  test(`E1: after a loss of power at ${point} there is no blob or the whole blob`, async (t) => {
    const parent = await tempDir(t);
    const directory = join(parent, 'store');
    const fileSystem = forgetfulFileSystem(systemFileSystem, await tempDir(t));
    fileSystem.reached = (at) => {
      if (at === point) throw new Error('the power failed');
    };
    const log = join(parent, 'log');
    await assert.rejects(openStore(directory, { fileSystem }).fetch(blob.what, loggingSource([blob], log)), /power/);
    fileSystem.losePower();
    const store = openStore(directory);
    assert.equal(await store.has(blob.what), point === 'store.commit.done');
    await store.fetch(blob.what, loggingSource([blob], log));
    assert.deepEqual(Buffer.from(await readAll(store, blob.what)), blob.bytes);
    assert.deepEqual((await store.verify()).damaged, []);
  });
}
