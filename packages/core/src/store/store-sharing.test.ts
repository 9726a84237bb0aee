import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ContentSource, digestHex, readAll } from '@gantry/oci';
import { fakeClock, runUntilKilled, tempDir } from '@gantry/testkit';
import { openStore } from './open-store.ts';
import type { OwnerFile } from './owner-file.ts';
import { currentProcess } from './process-identity.ts';
import { blobOf, loggingSource } from './store.fixture.ts';

const child: URL = new URL('./store-child.fixture.ts', import.meta.url);
const blob = blobOf(1);

function downloads(log: string): number {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0;
}

test('callers in one process share one download', async (t) => {
  const parent = await tempDir(t);
  const log = join(parent, 'log');
  const store = openStore(join(parent, 'store'));
  await Promise.all(Array.from({ length: 10 }, () => store.fetch(blob.what, loggingSource([blob], log))));
  assert.equal(downloads(log), 1);
});

test('F12: who cancels gets its own reason at once, and who shares the download does not notice', async (t) => {
  const parent = await tempDir(t);
  const log = join(parent, 'log');
  const store = openStore(join(parent, 'store'));
  const gate = Promise.withResolvers<void>();
  const controller = new AbortController();
  const first = store.fetch(
    blob.what,
    loggingSource([blob], log, () => gate.promise),
    { signal: controller.signal },
  );
  const second = store.fetch(blob.what, loggingSource([blob], log));
  controller.abort();
  gate.resolve();
  await assert.rejects(first, { name: 'AbortError' });
  await second;
  assert.deepEqual(Buffer.from(await readAll(store, blob.what)), blob.bytes);
  assert.deepEqual(readdirSync(join(parent, 'store', 'v1', 'ingest')), []);
});

test('a source that fails fails its own caller; who shares the download asks its own source', async (t) => {
  const parent = await tempDir(t);
  const store = openStore(join(parent, 'store'));
  const down: ContentSource = {
    open: () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('this registry is down')) }),
    }),
  };
  const up = loggingSource([blob], join(parent, 'log'));
  const first = store.fetch(blob.what, down);
  const second = store.fetch(blob.what, up);
  const third = store.supply(up).open(blob.what);
  await assert.rejects(first, /is down/);
  await second;
  await using file = await third;
  await file.whole;
  assert.equal(downloads(join(parent, 'log')), 1);
});

test('E4 E5: 16 processes fetch the same blobs under a GC loop, nobody ever misses one', async (t) => {
  const parent = await tempDir(t);
  const directory = join(parent, 'store');
  const log = join(parent, 'log');
  let running = true;
  const store = openStore(directory);
  const collector = (async () => {
    let rounds = 0;
    for (; running; rounds += 1) {
      await store.prune(() => new Set(), { limits: { blobAge: 0 } });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return rounds;
  })();
  const ends = await Promise.all(
    Array.from({ length: 16 }, () => runUntilKilled(child, { args: ['hammer', directory, log] })),
  );
  running = false;
  assert.ok((await collector) > 0);
  for (const end of ends) assert.deepEqual([end.code, end.stderr], [0, '']);
  assert.deepEqual((await store.verify()).damaged, []);
  assert.deepEqual(readdirSync(join(directory, 'v1', 'leases')), []);
});

test('E3: 16 processes that want the same blob at once download it once', async (t) => {
  const parent = await tempDir(t);
  const log = join(parent, 'log');
  const ends = await Promise.all(
    Array.from({ length: 16 }, () => runUntilKilled(child, { args: ['fetch', join(parent, 'store'), log] })),
  );
  for (const end of ends) assert.deepEqual([end.code, end.stderr], [0, '']);
  assert.equal(downloads(log), 1);
});

async function holder(t: TestContext, directory: string, log: string): Promise<ChildProcess> {
  const process_ = spawn(process.execPath, [fileURLToPath(child), 'hold', directory, log], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => process_.kill('SIGKILL'));
  await once(process_.stdout, 'data');
  return process_;
}

for (const [signal, what] of [
  ['SIGKILL', 'was killed'],
  ['SIGSTOP', 'is frozen'],
] as const) {
  test(`E3: a download goes on elsewhere when its holder ${what}`, async (t) => {
    const parent = await tempDir(t);
    const directory = join(parent, 'store');
    const log = join(parent, 'log');
    const process_ = await holder(t, directory, log);
    process_.kill(signal);
    if (signal === 'SIGKILL') await once(process_, 'exit');
    const limits = { lockStale: signal === 'SIGKILL' ? 3_600_000 : 200, lockPoll: 20 };
    await openStore(directory).fetch(blob.what, loggingSource([blob], log), { limits });
    assert.equal(downloads(log), 2);
    assert.deepEqual(readdirSync(join(directory, 'v1', 'locks')), []);
  });
}

test('E3: a holder that lives is waited for, and its blob is used', async (t) => {
  const parent = await tempDir(t);
  const directory = join(parent, 'store');
  const log = join(parent, 'log');
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const first = openStore(directory).fetch(
    blob.what,
    loggingSource([blob], log, () => {
      started.resolve();
      return gate.promise;
    }),
  );
  await started.promise;
  const second = openStore(directory).fetch(blob.what, loggingSource([blob], log), { limits: { lockPoll: 5 } });
  gate.resolve();
  await Promise.all([first, second]);
  assert.equal(downloads(log), 1);
});

const self = currentProcess();
const stale: Readonly<Record<string, Partial<OwnerFile['owner']>>> = {
  'whose pid was given to another process': { start: '1' },
  'of an earlier boot': { boot: 'another' },
  'whose pid is nobody': { pid: 2 ** 22 + 1 },
};
for (const [what, owner] of Object.entries(stale)) {
  test(`E3: the lock of a holder ${what} is taken over at once`, async (t) => {
    const parent = await tempDir(t);
    const directory = join(parent, 'store');
    plantLock(directory, JSON.stringify({ schemaVersion: 1, id: 'x', owner: { ...self, ...owner }, digests: [] }));
    await openStore(directory).fetch(blob.what, loggingSource([blob], join(parent, 'log')), {
      limits: { lockStale: 3_600_000 },
    });
    assert.deepEqual(readdirSync(join(directory, 'v1', 'locks')), []);
  });
}

for (const [what, content] of [
  [
    'of another host',
    JSON.stringify({ schemaVersion: 1, id: 'x', owner: { ...self, host: 'elsewhere' }, digests: [] }),
  ],
  ['that is half written', '{"schemaVersion":1,"id":'],
  ['of a newer version', '{"schemaVersion":2}'],
] as const) {
  test(`E3: a lock ${what} is taken over after lockStale of silence, whatever the clocks say`, async (t) => {
    const parent = await tempDir(t);
    const directory = join(parent, 'store');
    const path = plantLock(directory, content);
    utimesSync(path, 2_000_000_000, 2_000_000_000);
    const clock = fakeClock();
    const fetched = openStore(directory, { environment: clock }).fetch(
      blob.what,
      loggingSource([blob], join(parent, 'log')),
      {
        limits: { lockStale: 30_000, lockPoll: 1000 },
      },
    );
    await clock.whenPending();
    await clock.advance(15_000);
    utimesSync(path, 1_900_000_000, 1_900_000_000);
    await clock.advance(29_000);
    assert.equal(await openStore(directory).has(blob.what), false, 'a sign of life starts the time again');
    await clock.advance(5000);
    await fetched;
    assert.equal(await openStore(directory).has(blob.what), true);
  });
}

function plantLock(directory: string, content: string): string {
  const locks = join(directory, 'v1', 'locks');
  mkdirSync(locks, { recursive: true, mode: 0o700 });
  const path = join(locks, `sha256-${digestHex(blob.what.digest)}`);
  writeFileSync(path, content);
  return path;
}
