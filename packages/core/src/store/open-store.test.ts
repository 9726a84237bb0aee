import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ContentSource, type Descriptor, descriptorOf, digestOf, readAll } from '@gantry/oci';
import { contentStoreSuite, tempDir } from '@gantry/testkit';
import { openStore } from './open-store.ts';

const TYPE = 'application/octet-stream';
const bytes = Buffer.from('a blob like any other, only shorter');
const blob: Descriptor = { mediaType: TYPE, digest: digestOf(bytes), size: bytes.length };

contentStoreSuite('disk store', async (t) => openStore(await tempDir(t)));

function sourceOf(content: Uint8Array): ContentSource & { opened: number } {
  return {
    opened: 0,
    async *open() {
      this.opened += 1;
      yield content;
    },
  };
}

function blobPath(directory: string, what: Descriptor): string {
  const [algorithm = '', hex = ''] = what.digest.split(':');
  return join(directory, 'v1', 'blobs', algorithm, hex.slice(0, 2), hex);
}

async function filledStore(
  t: TestContext,
): Promise<{ directory: string; path: string; source: ReturnType<typeof sourceOf> }> {
  const directory = await tempDir(t);
  const source = sourceOf(bytes);
  await openStore(directory).fetch(blob, source);
  return { directory, path: blobPath(directory, blob), source };
}

test('a fetched blob is served by this and by the next process, without asking the source again', async (t) => {
  const { directory, source } = await filledStore(t);
  const store = openStore(directory);
  await store.fetch(blob, source);
  assert.equal(source.opened, 1);
  assert.equal(await store.has(blob), true);
  assert.deepEqual(Buffer.from(await readAll(store, blob)), bytes);
});

test('sha512 content is stored under its own digest', async (t) => {
  const store = openStore(await tempDir(t));
  const what: Descriptor = { mediaType: TYPE, digest: digestOf(bytes, 'sha512'), size: bytes.length };
  await store.fetch(what, sourceOf(bytes));
  assert.deepEqual(Buffer.from(await readAll(store, what)), bytes);
});

test('content that is not here is CONTENT_NOT_FOUND, and opening creates nothing', async (t) => {
  const directory = join(await tempDir(t), 'store');
  const store = openStore(directory);
  assert.equal(await store.has(blob), false);
  await assert.rejects(readAll(store, blob), { code: 'CONTENT_NOT_FOUND' });
  assert.deepEqual(readdirSync(join(directory, '..')), []);
});

for (const [name, wrong, code] of [
  ['too short', bytes.subarray(1), 'CONTENT_SIZE_MISMATCH'],
  ['too long', Buffer.concat([bytes, bytes]), 'CONTENT_SIZE_MISMATCH'],
  ['other bytes', Buffer.from(bytes).fill(0x20, 0, 1), 'CONTENT_DIGEST_MISMATCH'],
  ['nothing', Buffer.alloc(0), 'CONTENT_SIZE_MISMATCH'],
] as const) {
  test(`B1: a source that yields ${name} leaves the store empty`, async (t) => {
    const directory = await tempDir(t);
    const store = openStore(directory);
    await assert.rejects(store.fetch(blob, sourceOf(wrong)), { code });
    assert.equal(await store.has(blob), false);
    assert.deepEqual(readdirSync(join(directory, 'v1', 'ingest')), []);
    assert.deepEqual(readdirSync(join(directory, 'v1', 'locks')), []);
  });
}

for (const [delta, accepted] of [
  [-1, false],
  [0, true],
  [1, true],
] as const) {
  test(`a blob against a blobBytes limit of its size ${delta >= 0 ? '+' : ''}${delta}`, async (t) => {
    const store = openStore(await tempDir(t));
    const fetched = store.fetch(blob, sourceOf(bytes), { limits: { blobBytes: bytes.length + delta } });
    if (accepted) await fetched;
    else await assert.rejects(fetched, { code: 'CONTENT_LIMIT' });
  });
}

const damages: Readonly<Record<string, (path: string) => void>> = {
  'a flipped byte': (path) => writeFileSync(path, Buffer.from(bytes).fill(0x20, 0, 1)),
  'a truncated file': (path) => truncateSync(path, 3),
  'a link in its place': (path) => {
    renameSync(path, `${path}.good`);
    symlinkSync(`${path}.good`, path);
  },
};

for (const [name, damage] of Object.entries(damages)) {
  test(`E6: ${name} is noticed on reading, quarantined, and fetched again once`, async (t) => {
    const { directory, path, source } = await filledStore(t);
    chmodSync(path, 0o600);
    damage(path);
    const store = openStore(directory);
    await assert.rejects(readAll(store, blob), { code: 'CONTENT_DIGEST_MISMATCH' });
    assert.equal(await store.has(blob), false);
    assert.equal(readdirSync(join(directory, 'v1', 'quarantine')).length, 1);
    await store.fetch(blob, source);
    assert.equal(source.opened, 2);
    assert.deepEqual(Buffer.from(await readAll(store, blob)), bytes);
  });
}

test('E6: a descriptor with another size does not harm a sound blob', async (t) => {
  const { directory, path } = await filledStore(t);
  const store = openStore(directory);
  await assert.rejects(readAll(store, { ...blob, size: blob.size + 1 }), { code: 'CONTENT_SIZE_MISMATCH' });
  assert.deepEqual(readFileSync(path), bytes);
  assert.equal(await store.has(blob), true);
});

test('E6: verify names what is damaged once, then the store is sound again', async (t) => {
  const { directory, path } = await filledStore(t);
  const other = Buffer.from('another blob');
  const store = openStore(directory);
  await store.fetch(descriptorOf(other, TYPE), sourceOf(other));
  chmodSync(path, 0o600);
  writeFileSync(path, 'x');
  const first = await store.verify();
  assert.deepEqual({ ...first, quarantined: '' }, { checked: 2, damaged: [blob.digest], quarantined: '' });
  assert.equal(readdirSync(first.quarantined).length, 1);
  assert.deepEqual((await store.verify()).damaged, []);
});

test('E7: everything in a store is for its owner only, whatever the umask', async (t) => {
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const { directory, path } = await filledStore(t);
  for (const name of ['v1', 'v1/blobs', 'v1/ingest', 'v1/locks', 'v1/leases', 'v1/quarantine']) {
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o700, name);
  }
  assert.equal(statSync(path).mode & 0o777, 0o400);
});

for (const [mode, safe] of [
  [0o700, true],
  [0o755, true],
  [0o777, false],
  [0o770, false],
  [0o1777, true],
] as const) {
  test(`E7: a store below a directory of mode ${mode.toString(8)} is ${safe ? 'accepted' : 'refused'}`, async (t) => {
    if (mode === 0o770 && process.getuid?.() !== 0) return t.skip('the group may be the own group of the user');
    const parent = join(await tempDir(t), 'parent');
    mkdirSync(parent);
    chmodSync(parent, mode);
    const open = (): unknown => openStore(join(parent, 'store'));
    if (safe) open();
    else assert.throws(open, { code: 'STORE_UNSAFE' });
  });
}

test('E7: a store directory that everybody can write is refused even when it is sticky', async (t) => {
  const directory = join(await tempDir(t), 'store');
  mkdirSync(directory);
  chmodSync(directory, 0o1777);
  assert.throws(() => openStore(directory), { code: 'STORE_UNSAFE' });
});

test('E7 D4: a directory that is planted after the store was opened is not written to', async (t) => {
  for (const plant of ['directory', 'link'] as const) {
    const parent = await tempDir(t);
    const directory = join(parent, 'store');
    const store = openStore(directory);
    const planted = plant === 'link' ? join(parent, 'elsewhere') : directory;
    mkdirSync(planted);
    if (plant === 'link') symlinkSync(planted, directory);
    else chmodSync(planted, 0o777);
    // Also when it is tried again, and what was missing is there.
    for (let attempt = 1; attempt <= 4; attempt++) {
      await assert.rejects(
        store.fetch(blob, sourceOf(bytes)),
        { code: /^STORE_(?:UNSAFE|IO)$/ },
        `${plant} ${attempt}`,
      );
    }
    assert.equal(await store.has(blob), false, plant);
  }
});

test('E1: directories that a cleaner of old files took away are made again', async (t) => {
  const { directory, path, source } = await filledStore(t);
  rmSync(join(directory, 'v1'), { recursive: true });
  const store = openStore(directory);
  await store.fetch(blob, source);
  assert.deepEqual(readFileSync(path), bytes);
  rmSync(join(directory, 'v1', 'leases'), { recursive: true });
  rmSync(join(directory, 'v1', 'locks'), { recursive: true });
  const later = openStore(directory);
  await using _lease = await later.lease([blob.digest]);
  assert.deepEqual(await later.prune(() => new Set(), { limits: { blobAge: 0 } }), { removed: 0, freed: 0, young: 0 });
});
