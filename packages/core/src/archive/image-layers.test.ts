import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgeTar, type TarEntry } from '@gantry/testkit';
import { paths, tarLayer, trial } from './extract.fixture.ts';

const file = (name: string, content = name): TarEntry => ({ name, content });
const link = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname });
const hard = (name: string, linkname: string): TarEntry => ({ name, type: 'link', linkname });

/** Layers by their entries, and the files of the result with their contents. */
const merges: Readonly<
  Record<string, readonly [layers: readonly (readonly TarEntry[])[], files: Readonly<Record<string, string>>]>
> = {
  'an upper file replaces a lower one': [[[file('a', '1'), file('b')], [file('a', '2')]], { a: '2', b: 'b' }],
  'directories merge': [[[file('d/a')], [file('d/b')], [{ name: 'd/' }]], { 'd/a': 'd/a', 'd/b': 'd/b' }],
  'a file replaces a directory': [[[file('d/a')], [file('d', 'f')]], { d: 'f' }],
  'a named directory replaces a file': [[[file('d')], [{ name: 'd/' }, file('d/a')]], { 'd/a': 'd/a' }],
  'a named directory replaces a link': [
    [
      [file('e/x'), link('d', 'e')],
      [{ name: 'd/' }, file('d/a')],
    ],
    { 'd/a': 'd/a', 'e/x': 'e/x' },
  ],
  'a whiteout hides a file': [[[file('a'), file('b')], [file('.wh.a', '')]], { b: 'b' }],
  'a whiteout hides a directory': [[[file('d/a'), file('b')], [file('.wh.d', '')]], { b: 'b' }],
  'a whiteout hides what is below, not what is in its own layer': [
    [[file('a', '1')], [file('a', '2'), file('.wh.a', '')]],
    { a: '2' },
  ],
  'a whiteout of nothing does nothing': [[[file('a')], [file('d/.wh.x', '')]], { a: 'a' }],
  'an opaque whiteout hides all of a directory': [
    [
      [file('d/a'), file('d/e/b')],
      [file('d/c'), file('d/.wh..wh..opq', '')],
    ],
    { 'd/c': 'd/c' },
  ],
  'bookkeeping of AUFS is left out': [[[file('a'), file('.wh..wh.plnk', ''), file('.wh..wh.aufs', '')]], { a: 'a' }],
  'a hard link reaches into a lower layer': [[[file('a', '1')], [hard('b', 'a')]], { a: '1', b: '1' }],
  'a hard link keeps what its target was': [[[file('a', '1')], [hard('b', 'a')], [file('a', '2')]], { a: '2', b: '1' }],
  'a hard link outlives its target': [[[file('a', '1'), hard('b', 'a')], [file('.wh.a', '')]], { b: '1' }],
  'an empty layer changes nothing': [[[file('a')], []], { a: 'a' }],
};
for (const [what, [layers, expected]] of Object.entries(merges)) {
  test(`image: ${what}`, async (t) => {
    const { run, destination } = await trial(t, ...layers.map((entries) => tarLayer(forgeTar(entries))));
    const extraction = await run({ profile: 'image' });
    assert.deepEqual(paths(extraction), Object.keys(expected));
    for (const [path, content] of Object.entries(expected)) {
      assert.equal(readFileSync(join(destination, path), 'utf8'), content, path);
    }
    const there = readdirSync(destination, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    assert.equal(there.length, Object.keys(expected).length, 'a file is there that is not reported');
  });
}

const hostile: Readonly<Record<string, readonly [layers: readonly (readonly TarEntry[])[], code: string]>> = {
  'D2 image: a file below a link of a lower layer is refused': [
    [[file('e/x'), link('d', 'e')], [file('d/a')]],
    'ARCHIVE_UNSAFE_LINK',
  ],
  'D2 image: a file below a link that leads out, of a lower layer, is refused': [
    [[link('d', '/tmp')], [file('d/a')]],
    'ARCHIVE_UNSAFE_LINK',
  ],
  'D2 image: a hard link through a link of a lower layer is refused': [
    [[link('d', '/etc')], [hard('a', 'd/passwd')]],
    'ARCHIVE_UNSAFE_LINK',
  ],
  'D9 image: a file below a file of a lower layer is refused': [[[file('d')], [file('d/a')]], 'ARCHIVE_COLLISION'],
  'D1 image: a whiteout of .. is refused': [[[file('d/a')], [file('d/.wh...', '')]], 'ARCHIVE_UNSAFE_PATH'],
  'D1 image: a whiteout of . is refused': [[[file('d/a')], [file('d/.wh..', '')]], 'ARCHIVE_UNSAFE_PATH'],
  'D1 image: a whiteout of nothing is refused': [[[file('d/a')], [file('d/.wh.', '')]], 'ARCHIVE_UNSAFE_PATH'],
  'D7 image: a whiteout with content is refused': [[[file('a')], [file('.wh.a', 'x')]], 'ARCHIVE_INVALID'],
  'D7 image: a whiteout that is a directory is refused': [[[file('a')], [{ name: '.wh.a/' }]], 'ARCHIVE_INVALID'],
};
for (const [what, [layers, code]] of Object.entries(hostile)) {
  test(what, async (t) => {
    const { run, litter } = await trial(t, ...layers.map((entries) => tarLayer(forgeTar(entries))));
    await assert.rejects(run({ profile: 'image' }), { code });
    assert.deepEqual(litter(), []);
  });
}

test('a whiteout is an ordinary name outside images', async (t) => {
  for (const profile of ['strict', 'package'] as const) {
    const { run } = await trial(t, tarLayer(forgeTar([file('p/.wh.a', 'x')])));
    assert.deepEqual(paths(await run({ profile })), ['p/.wh.a']);
  }
});
