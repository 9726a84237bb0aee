import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Op } from '@gantry/oci';
import { forgeTar, type TarEntry, tempDir } from '@gantry/testkit';
import { filesSupply, type Layer, tarLayer } from './extract.fixture.ts';
import { openLayerPool, type PooledExtraction } from './layer-pool.ts';

const file = (name: string, content = name): TarEntry => ({ name, content });
const hard = (name: string, linkname: string): TarEntry => ({ name, type: 'link', linkname });
const layer = (...entries: readonly TarEntry[]): Layer => tarLayer(forgeTar(entries));

/** A pool over layers in files, which counts what is opened. */
async function poolOf(t: TestContext, ...layers: readonly Layer[]) {
  const { supply, what } = filesSupply(await tempDir(t), layers);
  const directory = await tempDir(t);
  const pool = openLayerPool({ directory });
  let opened = 0;
  const counted = {
    ...supply,
    open: (...args: Parameters<typeof supply.open>) => {
      opened += 1;
      return supply.open(...args);
    },
  };
  return {
    directory,
    opened: () => opened,
    extract: (indexes: readonly number[], tops: readonly string[], also: readonly string[] = [], op?: Op) => {
      const image = indexes.flatMap((index) => what[index] ?? []);
      pool.expect(image);
      const selection = { tops, fileBytes: 1000 };
      return pool.extract({ layers: image, supply: counted, selection, also, expectedAll: Promise.resolve() }, op);
    },
  };
}

/** The files of an extraction, after it was seen that they are there. */
function filesOf({ directory, extraction }: PooledExtraction): readonly string[] {
  for (const { path, size } of extraction.files) assert.equal(statSync(join(directory, path)).size, size, path);
  return extraction.files.map(({ path }) => path);
}

test('only what is selected is written', async (t) => {
  const { extract } = await poolOf(t, layer(file('a/x'), file('ab/x'), file('b/x'), file('c')));
  const extracted = await extract([0], ['a', 'c']);
  assert.deepEqual(filesOf(extracted), ['a/x', 'c']);
  assert.deepEqual(readdirSync(extracted.directory).sort(), ['a', 'c']);
});

test('a layer of several images is opened once; who comes last takes its files', async (t) => {
  const { extract, opened, directory } = await poolOf(t, layer(file('a/x'), file('b/x')), layer(file('a/y')));
  const [first, second] = await Promise.all([extract([0, 1], ['a'], ['b']), extract([0], ['b'], ['a'])]);
  assert.deepEqual(filesOf(first), ['a/x', 'a/y']);
  assert.deepEqual(filesOf(second), ['b/x']);
  assert.equal(opened(), 2);
  assert.ok(readdirSync(directory).length <= 3);
});

test('what no selection covered yet is opened again', async (t) => {
  const { extract, opened } = await poolOf(t, layer(file('a/x'), file('b/x')));
  assert.deepEqual(filesOf(await extract([0], ['a'])), ['a/x']);
  assert.deepEqual(filesOf(await extract([0], ['b'])), ['b/x']);
  assert.equal(opened(), 2);
});

test('a layer that an image has twice is put together like two', async (t) => {
  const { extract, opened } = await poolOf(t, layer(file('a/x'), file('a/y')), layer(file('a/.wh.x', '')));
  assert.deepEqual(filesOf(await extract([0, 1, 0], ['a'])), ['a/x', 'a/y']);
  assert.equal(opened(), 2);
});

test('D3: hard links into what is not selected cost one more reading, however many follow each other', async (t) => {
  const chain = layer(
    file('z/f', 'content'),
    hard('y/f', 'z/f'),
    hard('x/f', 'y/f'),
    hard('a/f', 'x/f'),
    hard('a/g', 'a/f'),
  );
  const { extract, opened } = await poolOf(t, chain);
  const extracted = await extract([0], ['a']);
  assert.deepEqual(filesOf(extracted), ['a/f', 'a/g']);
  for (const name of ['a/f', 'a/g']) {
    assert.equal(readFileSync(join(extracted.directory, name), 'utf8'), 'content');
    assert.equal(statSync(join(extracted.directory, name)).nlink, 1);
  }
  assert.equal(opened(), 2);
});

test('D8: files above fileBytes are left out and reported, those that are hidden are not', async (t) => {
  const large = Buffer.alloc(1001);
  const { extract } = await poolOf(
    t,
    layer(
      { name: 'a/large', content: large },
      { name: 'a/gone', content: large },
      { name: 'a/fits', content: large.subarray(1) },
    ),
    layer(file('a/.wh.gone', '')),
  );
  const extracted = await extract([0, 1], ['a']);
  assert.deepEqual(filesOf(extracted), ['a/fits']);
  assert.deepEqual(extracted.extraction.oversized, [{ path: 'a/large', size: 1001 }]);
});

test('D1: what is not selected is checked all the same', async (t) => {
  const { extract } = await poolOf(t, layer(file('a/x'), file('../evil')));
  await assert.rejects(extract([0], ['a']), { code: 'ARCHIVE_UNSAFE_PATH' });
  const limited = await poolOf(t, layer(file('a/x'), file('b/x'), file('b/y')));
  const limits = (archiveEntries: number): Op => ({ limits: { archiveEntries } });
  await assert.rejects(limited.extract([0], ['a'], [], limits(4)), { code: 'ARCHIVE_LIMIT' });
  assert.deepEqual(filesOf(await limited.extract([0], ['a'], [], limits(5))), ['a/x']);
});

test('a layer that is large enough for a thread of its own is selected from there too', async (t) => {
  const content = randomBytes(300 * 1024);
  const { extract } = await poolOf(
    t,
    layer({ name: 'a/x', content: content.subarray(0, 1000) }, { name: 'b/x', content }),
  );
  const extracted = await extract([0], ['a']);
  assert.deepEqual(filesOf(extracted), ['a/x']);
  assert.deepEqual(readdirSync(extracted.directory), ['a']);
});
