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
