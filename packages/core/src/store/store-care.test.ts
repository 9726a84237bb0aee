import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Digest } from '@gantry/oci';
import { fakeClock, tempDir } from '@gantry/testkit';
import type { DiskStore, StoredBlob } from './content-store.ts';
import { openStore } from './open-store.ts';
import { currentProcess } from './process-identity.ts';
import { blobOf, loggingSource } from './store.fixture.ts';

const one = blobOf(1, 1000);
const two = blobOf(2, 2000);
const none = (): ReadonlySet<Digest> => new Set();
const old = { limits: { blobAge: -1000 } };

async function listed(store: DiskStore): Promise<StoredBlob[]> {
  const blobs: StoredBlob[] = [];
  for await (const blob of store.list()) blobs.push(blob);
  return blobs;
}

async function storeWithTwo(t: TestContext): Promise<{ store: DiskStore; directory: string }> {
  const directory = await tempDir(t);
  const store = openStore(directory);
  for (const blob of [one, two]) await store.fetch(blob.what, loggingSource([blob], join(directory, 'log')));
  return { store, directory };
}

test('E5: prune removes what nobody keeps, and says how much', async (t) => {
  const { store } = await storeWithTwo(t);
  assert.deepEqual(await store.prune(() => new Set([one.what.digest]), old), { removed: 1, freed: 2000, young: 0 });
  assert.deepEqual(
    (await listed(store)).map(({ digest, size }) => [digest, size]),
    [[one.what.digest, 1000]],
  );
});

for (const [age, removed] of [
  [3_599_999, 0],
  [3_600_000, 2],
  [3_600_001, 2],
] as const) {
  test(`E5: an unused blob of ${age} ms ${removed === 0 ? 'stays' : 'goes'} where blobAge is an hour`, async (t) => {
    const { directory } = await storeWithTwo(t);
    const clock = fakeClock();
    for await (const { digest } of openStore(directory).list()) {
      const [algorithm = '', hex = ''] = digest.split(':');
      const time = (clock.now() - age) / 1000;
      utimesSync(join(directory, 'v1', 'blobs', algorithm, hex.slice(0, 2), hex), time, time);
    }
    const pruned = await openStore(directory, { environment: clock }).prune(none);
    assert.deepEqual([pruned.removed, pruned.young], [removed, 2 - removed]);
  });
}

test('E5: a blob that was asked for lately is young again', async (t) => {
  const { directory } = await storeWithTwo(t);
  const clock = fakeClock({ start: Date.now() + 7_200_000 });
  const store = openStore(directory, { environment: clock });
  await store.fetch(one.what, loggingSource([], join(directory, 'log')));
  assert.equal((await store.prune(none)).removed, 1);
  assert.equal(await store.has(one.what), true);
});

test('E5: a leased blob stays until the lease is disposed', async (t) => {
  const { store } = await storeWithTwo(t);
  const lease = await store.lease([one.what.digest]);
  assert.equal((await store.prune(none, old)).removed, 1);
  assert.equal(await store.has(one.what), true);
  await lease[Symbol.asyncDispose]();
  assert.equal((await store.prune(none, old)).removed, 1);
});

test('E5: who records a use before giving up its lease loses nothing to a prune that runs meanwhile', async (t) => {
  const { store } = await storeWithTwo(t);
  const lease = await store.lease([one.what.digest]);
  const keep = async (): Promise<ReadonlySet<Digest>> => {
    await lease[Symbol.asyncDispose]();
    return new Set();
  };
  await store.prune(keep, old);
  assert.equal(await store.has(one.what), true);
});

test('E5: a lease that is taken while prune runs waits for its end', async (t) => {
  const { store } = await storeWithTwo(t);
  let leased = false;
  let lease: Promise<AsyncDisposable> | undefined;
  await store.prune(async () => {
    lease = store.lease([one.what.digest], { limits: { lockPoll: 5 } });
    lease.then(() => {
      leased = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(leased, false);
    return new Set();
  }, old);
  await using _lease = await lease;
  assert.equal(await store.has(one.what), false, 'it is told the truth afterwards');
});

const self = currentProcess();
for (const [what, owner, ageMs, counts] of [
  ['a dead process of this host', { ...self, start: '1' }, 0, false],
  ['another host that renewed it', { ...self, host: 'elsewhere' }, 3_599_000, true],
  ['another host that did not renew it', { ...self, host: 'elsewhere' }, 3_601_000, false],
  ['a newer version', undefined, 0, true],
  ['a newer version, long ago', undefined, 3_601_000, false],
] as const) {
  test(`E3: a lease of ${what} ${counts ? 'counts' : 'is removed'}`, async (t) => {
    const { directory } = await storeWithTwo(t);
    const clock = fakeClock({ start: Date.now() });
    const path = join(directory, 'v1', 'leases', 'planted');
    const lease = { schemaVersion: owner === undefined ? 2 : 1, id: 'x', owner, digests: [one.what.digest] };
    writeFileSync(path, JSON.stringify(lease));
    utimesSync(path, (clock.now() - ageMs) / 1000, (clock.now() - ageMs) / 1000);
    const store = openStore(directory, { environment: clock });
    await store.prune(none, old);
    assert.equal(await store.has(one.what), counts && owner !== undefined);
    assert.equal(readdirSync(join(directory, 'v1', 'leases')).length, counts ? 1 : 0);
  });
}

test('E8: what crashes left is swept by age at the first write, and younger things are left alone', async (t) => {
  const { directory } = await storeWithTwo(t);
  const base = join(directory, 'v1');
  for (const name of ['ingest', 'locks', 'quarantine']) {
    for (const [file, age] of [
      ['old', 25],
      ['young', 23],
    ] as const) {
      writeFileSync(join(base, name, file), 'left');
      const time = Date.now() / 1000 - age * 3600;
      utimesSync(join(base, name, file), time, time);
    }
  }
  mkdirSync(join(base, 'ingest', 'old-directory', 'deep'), { recursive: true });
  utimesSync(join(base, 'ingest', 'old-directory'), 1, 1);
  const store = openStore(directory);
  assert.equal(readdirSync(join(base, 'ingest')).length, 3, 'opening alone looks at nothing');
  const three = blobOf(3, 10);
  await store.fetch(three.what, loggingSource([three], join(directory, 'log')));
  for (const name of ['ingest', 'locks', 'quarantine']) assert.deepEqual(readdirSync(join(base, name)), ['young']);
});

test('E8: names of unfinished writes cannot be foreseen', async (t) => {
  const { store, directory } = await storeWithTwo(t);
  const names = new Set<string>();
  for (let nth = 0; nth < 20; nth += 1) {
    await using _ingest = await store.ingest(blobOf(9).what);
    for (const name of readdirSync(join(directory, 'v1', 'ingest'))) names.add(name);
  }
  assert.equal(names.size, 20);
  for (const name of names) assert.match(name, /^[0-9a-f]{32}$/);
});

test('names in the store that are no digests are not listed and not touched', async (t) => {
  const { store, directory } = await storeWithTwo(t);
  const stray = join(directory, 'v1', 'blobs', 'sha256', 'zz');
  mkdirSync(stray);
  writeFileSync(join(stray, 'stray'), 'x');
  assert.equal((await listed(store)).length, 2);
  await store.prune(none, old);
  assert.deepEqual(readdirSync(stray), ['stray']);
});
