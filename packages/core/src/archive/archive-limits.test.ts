import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Op } from '@gantry/oci';
import { forgeTar, gzipBomb, type TarEntry, zstdBomb, zstdWithWindow } from '@gantry/testkit';
import { type Layer, TAR_GZIP, TAR_ZSTD, tarLayer, trial } from './extract.fixture.ts';

const MiB = 1024 * 1024;
const limited = (limit: string, value: number): Op => ({ limits: { [limit]: value } });

/** For each limit, a layer that measures exactly `n`. */
const measures: Readonly<Record<string, readonly [n: number, layer: Layer]>> = {
  archiveEntries: [20, tarLayer(forgeTar(Array.from({ length: 20 }, (_, nth) => ({ name: `f${nth}` }))))],
  archiveListingBytes: [50, tarLayer(forgeTar(Array.from({ length: 20 }, (_, nth) => ({ name: `f${nth}` }))))],
  archiveTotalBytes: [6656, tarLayer(forgeTar([{ name: 'f', content: Buffer.alloc(5000) }]))],
};
for (const [limit, [n, layer]] of Object.entries(measures)) {
  for (const profile of ['strict', 'package', 'image'] as const) {
    test(`D8 ${profile}: ${limit} at n-1, n and n+1`, async (t) => {
      for (const allowed of [n + 1, n]) await (await trial(t, layer)).run({ profile }, limited(limit, allowed));
      const { run, litter } = await trial(t, layer);
      await assert.rejects(run({ profile }, limited(limit, n - 1)), {
        code: 'ARCHIVE_LIMIT',
        details: { limit, expected: n - 1, found: n },
      });
      assert.deepEqual(litter(), []);
    });
  }
}

test('D8 strict: directories that only names imply count as entries', async (t) => {
  const layer = tarLayer(forgeTar([{ name: 'a/b/c/f' }]));
  await (await trial(t, layer)).run({ profile: 'strict' }, limited('archiveEntries', 4));
  const { run } = await trial(t, layer);
  await assert.rejects(run({ profile: 'strict' }, limited('archiveEntries', 3)), { code: 'ARCHIVE_LIMIT' });
});

const half = tarLayer(forgeTar([{ name: 'f', content: Buffer.alloc(1000) }]));
for (const [what, layers, n] of [
  ['layers together', [half, half], 5120],
  [
    'copies of hard links',
    [
      tarLayer(
        forgeTar([
          { name: 'f', content: Buffer.alloc(1000) },
          { name: 'g', type: 'link', linkname: 'f' },
        ]),
      ),
    ],
    4072,
  ],
] as const) {
  test(`D8 image: archiveTotalBytes counts ${what}, at n-1, n and n+1`, async (t) => {
    for (const limit of [n + 1, n])
      await (await trial(t, ...layers)).run({ profile: 'image' }, limited('archiveTotalBytes', limit));
    const { run, litter } = await trial(t, ...layers);
    await assert.rejects(run({ profile: 'image' }, limited('archiveTotalBytes', n - 1)), { code: 'ARCHIVE_LIMIT' });
    assert.deepEqual(litter(), []);
  });
}

test('D8 image: archiveEntries counts the layers together', async (t) => {
  await (await trial(t, half, half)).run({ profile: 'image' }, limited('archiveEntries', 2));
  const { run } = await trial(t, half, half, half);
  await assert.rejects(run({ profile: 'image' }, limited('archiveEntries', 2)), { code: 'ARCHIVE_LIMIT' });
});

test('D8 image: archiveListingBytes counts the layers together, and targets of links', async (t) => {
  const link = tarLayer(forgeTar([{ name: 'link', type: 'symlink', linkname: 'f' }]));
  await (await trial(t, half, link)).run({ profile: 'image' }, limited('archiveListingBytes', 6));
  const { run } = await trial(t, half, link);
  await assert.rejects(run({ profile: 'image' }, limited('archiveListingBytes', 5)), { code: 'ARCHIVE_LIMIT' });
});

for (const type of ['symlink', 'link'] as const) {
  test(`D8 image: the target of a ${type} is no longer than a path, at n-1, n and n+1`, async (t) => {
    const outcome = async (length: number): Promise<unknown> => {
      const layer = tarLayer(forgeTar([{ name: 'l', type, linkname: 'a'.repeat(length) }]));
      const { run } = await trial(t, layer);
      const found = await run({ profile: 'image' }, limited('archivePathBytes', 40)).catch((error) => error);
      return found.code ?? found.links.length;
    };
    // A hard link needs what it names.
    const fits = type === 'symlink' ? 1 : 'ARCHIVE_UNSAFE_LINK';
    assert.deepEqual([await outcome(39), await outcome(40), await outcome(41)], [fits, fits, 'ARCHIVE_LIMIT']);
  });
}

test('D8 image: a link is not followed through any number of names', async (t) => {
  const linkTo = (names: number): TarEntry => ({
    name: `l${names}`,
    type: 'symlink',
    linkname: 'a',
    pax: { linkpath: `${'a/'.repeat(names - 1)}a` },
  });
  const { run } = await trial(t, tarLayer(forgeTar([linkTo(999), linkTo(1000), linkTo(1001)])));
  const { links, skipped } = await run({ profile: 'image' });
  assert.deepEqual(
    links.map(({ path }) => path),
    ['l1000', 'l999'],
  );
  assert.deepEqual(
    skipped.map(({ path, reason }) => [path, reason]),
    [['l1001', 'leads through too many names']],
  );
});

test('D8 strict: archiveRatio counts only above archiveRatioFloor, and up to its value', async (t) => {
  const tar = forgeTar([{ name: 'f', content: Buffer.alloc(100_000) }]);
  const layer = { mediaType: TAR_GZIP, bytes: gzipSync(tar) };
  const ratio = tar.length / layer.bytes.length;
  const run = async (archiveRatio: number, archiveRatioFloor: number): Promise<unknown> =>
    (await trial(t, layer)).run({ profile: 'strict' }, { limits: { archiveRatio, archiveRatioFloor } });
  await run(1, tar.length + 1);
  await run(1, tar.length);
  await assert.rejects(run(1, tar.length - 1), { code: 'ARCHIVE_LIMIT' });
  await run(ratio, 0);
  await assert.rejects(run(ratio - 0.01, 0), { code: 'ARCHIVE_LIMIT' });
});

const big: TarEntry = { name: 'zeros', size: 10_000 * MiB, base256: ['size'] };
const head = forgeTar([big], { endBlocks: 0 });
for (const [what, mediaType, pieces] of [
  ['gzip', TAR_GZIP, gzipBomb],
  ['zstd', TAR_ZSTD, zstdBomb],
] as const) {
  test(`D8 strict: a ${what} bomb is stopped while it is inflated`, async (t) => {
    const { run, litter } = await trial(t, { mediaType, bytes: Buffer.concat([...pieces(head, 200)]) });
    const written: number[] = [];
    const op: Op = {
      limits: { archiveEntryBytes: 20_000 * MiB },
      onEvent: (event) => event.type === 'progress' && written.push(event.done),
    };
    await assert.rejects(run({ profile: 'strict' }, op), { code: 'ARCHIVE_LIMIT' });
    assert.deepEqual(litter(), []);
  });
}

test('D8 strict: zstdWindowBytes at its value and above', async (t) => {
  const tar = forgeTar([{ name: 'f' }]);
  const run = async (log: number): Promise<unknown> =>
    (await trial(t, { mediaType: TAR_ZSTD, bytes: zstdWithWindow(log, tar) })).run(
      { profile: 'strict' },
      limited('zstdWindowBytes', 2 ** 20),
    );
  await run(19);
  await run(20);
  await assert.rejects(run(21), {
    code: 'ARCHIVE_LIMIT',
    details: { limit: 'zstdWindowBytes', expected: 2 ** 20, found: 'more' },
  });
});

test('D8 strict: an archive inside an archive is a file like any other', async (t) => {
  const inner = zstdCompressSync(forgeTar([{ name: '../evil' }]));
  const { run } = await trial(t, {
    mediaType: TAR_GZIP,
    bytes: gzipSync(forgeTar([{ name: 'inner.tar.zst', content: inner }])),
  });
  assert.equal((await run({ profile: 'strict' })).files[0]?.size, inner.length);
});
