import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type ContentSource,
  type Descriptor,
  descriptorOf,
  digestAlgorithm,
  digestHex,
  isGantryError,
} from '@gantry/oci';
import { faultyFileSystem, forgeTar, forgetfulFileSystem, gzipped, tempDir } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { openStore } from '../store/open-store.ts';
import { TAR_GZIP } from './extract.fixture.ts';
import { extractLayers } from './extract-layers.ts';

const noise = Buffer.concat(
  Array.from({ length: 20_000 }, (_, nth) => createHash('sha256').update(String(nth)).digest()),
);
const small = gzipped(
  forgeTar([
    { name: 'p/f', content: 'hello' },
    { name: 'p/l', type: 'symlink', linkname: 'f' },
  ]),
);
const large = gzipped(forgeTar([{ name: 'p/noise', content: noise }]));
const layers: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['on this thread', small],
  ['in a worker', large],
];

interface Source extends ContentSource {
  opened: number;
}

/** Yields pieces, each after `before` was called with the number of bytes given so far. */
function sourceOf(bytes: Uint8Array, before: (done: number) => Promise<void> = async () => {}): Source {
  return {
    opened: 0,
    async *open() {
      this.opened += 1;
      const step = Math.ceil(bytes.length / 5);
      for (let at = 0; at < bytes.length; at += step) {
        await before(at);
        yield bytes.subarray(at, at + step);
      }
    },
  };
}

function blobPath(directory: string, what: Descriptor): string {
  const hex = digestHex(what.digest);
  return join(directory, 'v1', 'blobs', digestAlgorithm(what.digest), hex.slice(0, 2), hex);
}

async function places(t: TestContext): Promise<{ store: string; destination: string }> {
  const parent = await tempDir(t);
  return { store: join(parent, 'store'), destination: join(parent, 'tree') };
}

for (const [where, bytes] of layers) {
  const what = descriptorOf(bytes, TAR_GZIP);
  const options = { profile: 'image' } as const;

  test(`a layer is extracted ${where} while it arrives, then from the store, downloaded once`, async (t) => {
    const { store, destination } = await places(t);
    const source = sourceOf(bytes, () => new Promise((resolve) => setImmediate(resolve)));
    const first = await extractLayers([what], openStore(store).supply(source), destination, options);
    const second = await extractLayers([what], openStore(store).supply(source), `${destination}-2`, options);
    assert.equal(source.opened, 1);
    assert.deepEqual(first, second);
    assert.ok(await openStore(store).has(what));
  });

  test(`E6: a damaged blob is noticed while it is extracted ${where}, quarantined and fetched again once`, async (t) => {
    const { store, destination } = await places(t);
    const source = sourceOf(bytes);
    await openStore(store).fetch(what, source);
    const path = blobPath(store, what);
    chmodSync(path, 0o600);
    const damaged = Buffer.from(bytes);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    await extractLayers([what], openStore(store).supply(source), destination, options);
    assert.equal(source.opened, 2);
    assert.equal(readdirSync(join(store, 'v1', 'quarantine')).length, 1);
    assert.deepEqual(readFileSync(path), bytes);
  });

  test(`B1: bytes of another digest are never published from ${where}, nor downloaded twice`, async (t) => {
    const { store, destination } = await places(t);
    const other = gzipped(forgeTar([{ name: 'p/f', content: Buffer.concat([Buffer.from('evil'), bytes]) }]));
    const source = sourceOf(other.subarray(0, bytes.length));
    await assert.rejects(extractLayers([what], openStore(store).supply(source), destination, options), (error) => {
      return isGantryError(error) && /^(?:CONTENT|ARCHIVE)_/.test(error.code);
    });
    assert.equal(source.opened, 1);
    assert.equal(existsSync(destination), false);
    assert.equal(await openStore(store).has(what), false);
    assert.deepEqual(readdirSync(join(store, 'v1', 'ingest')), []);
  });

  for (const [failure, error] of [
    ['the source fails', new Error('cut')],
    ['the caller aborts', undefined],
  ] as const) {
    test(`F12: nothing is left when ${failure} during an extraction ${where}`, async (t) => {
      const { store, destination } = await places(t);
      const controller = new AbortController();
      const source = sourceOf(bytes, async (done) => {
        if (done < bytes.length / 2) return;
        if (error !== undefined) throw error;
        controller.abort();
        controller.signal.throwIfAborted();
      });
      await assert.rejects(
        extractLayers([what], openStore(store).supply(source), destination, options, { signal: controller.signal }),
        error === undefined ? { name: 'AbortError' } : error,
      );
      assert.equal(existsSync(destination), false);
      assert.deepEqual(readdirSync(join(store, 'v1', 'ingest')), []);
      assert.deepEqual(readdirSync(join(store, 'v1', 'locks')), []);
    });
  }
}

test('the first failure of several layers ends the others, also those that still arrive', async (t) => {
  const { store, destination } = await places(t);
  const evil = gzipped(forgeTar([{ name: '../evil' }]));
  const slow = descriptorOf(large, TAR_GZIP);
  const source: ContentSource = {
    async *open(what, op) {
      if (what.digest !== slow.digest) return yield evil;
      yield large.subarray(0, 1000);
      await new Promise((_, reject) => op?.signal?.addEventListener('abort', () => reject(op.signal?.reason)));
    },
  };
  const attempt = extractLayers([slow, descriptorOf(evil, TAR_GZIP)], openStore(store).supply(source), destination, {
    profile: 'image',
  });
  await assert.rejects(attempt, { code: 'ARCHIVE_UNSAFE_PATH' });
  assert.equal(existsSync(destination), false);
  assert.deepEqual(readdirSync(join(store, 'v1', 'ingest')), []);
});

for (const [code, expected] of [
  ['ENOSPC', 'STORE_FULL'],
  ['EDQUOT', 'STORE_FULL'],
  ['EIO', 'INSTALL_IO'],
  ['EROFS', 'INSTALL_IO'],
  ['EMFILE', 'INSTALL_IO'],
] as const) {
  test(`E2 image: ${code} at each call of an extraction is a typed error and leaves nothing`, async (t) => {
    const { store, destination } = await places(t);
    const two = [
      small,
      gzipped(
        forgeTar([
          { name: 'q/g', content: 'x' },
          { name: 'q/h', type: 'link', linkname: 'p/f' },
        ]),
      ),
    ];
    const what = two.map((bytes) => descriptorOf(bytes, TAR_GZIP));
    const disk = openStore(store);
    for (const [index, bytes] of two.entries())
      await disk.fetch(what[index] ?? descriptorOf(bytes, TAR_GZIP), sourceOf(bytes));
    const supply = disk.supply(sourceOf(small));
    for (let failAt = 1; ; failAt += 1) {
      const fileSystem = faultyFileSystem(systemFileSystem, {
        failAt,
        code,
        calls: ['open', 'write', 'mkdir', 'rename', 'symlink', 'copy', 'chmod', 'syncAsync', 'close', 'read'],
      });
      try {
        await extractLayers(what, supply, destination, { profile: 'image', fileSystem });
        assert.equal(fileSystem.failed, false, `a failure of ${fileSystem.calls.at(-1)} was swallowed`);
        break;
      } catch (error) {
        assert.ok(
          isGantryError(error) && error.code === expected,
          `${error} at call ${failAt} (${fileSystem.calls.at(-1)})`,
        );
        assert.equal(existsSync(destination), false);
      }
    }
  });
}

test('E1 image: after a loss of power the returned tree is there as a whole', async (t) => {
  const { store, destination } = await places(t);
  const what = descriptorOf(small, TAR_GZIP);
  const fileSystem = forgetfulFileSystem(systemFileSystem, await tempDir(t));
  const supply = openStore(store).supply(sourceOf(small));
  await extractLayers([what], supply, destination, { profile: 'image', fileSystem });
  // The name of the destination is its caller's to sync, when it is published.
  const fd = fileSystem.open(join(destination, '..'), 0);
  fileSystem.sync(fd);
  fileSystem.close(fd);
  fileSystem.losePower();
  assert.equal(readFileSync(join(destination, 'p/l'), 'utf8'), 'hello');
});
