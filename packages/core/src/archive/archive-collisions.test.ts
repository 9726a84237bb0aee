import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLLIDING_NAMES, forgeTar, type TarEntry } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { paths, tarLayer, trial } from './extract.fixture.ts';

for (const [one, other] of COLLIDING_NAMES) {
  for (const names of [
    [one, other],
    [other, one],
  ]) {
    test(`D9 strict: ${JSON.stringify(names)} are refused together`, async (t) => {
      const { run, litter } = await trial(t, tarLayer(forgeTar(names.map((name) => ({ name, content: name })))));
      await assert.rejects(run({ profile: 'strict' }), { code: 'ARCHIVE_COLLISION' });
      assert.deepEqual(litter(), []);
    });
  }
}

const twice: readonly (readonly [what: string, entries: readonly TarEntry[]])[] = [
  ['a file twice', [{ name: 'p/a' }, { name: 'p/a' }]],
  ['a file in place of a directory', [{ name: 'p/a/' }, { name: 'p/a' }]],
  ['a directory in place of a file', [{ name: 'p/a' }, { name: 'p/a/' }]],
  ['a file below a file', [{ name: 'p/a' }, { name: 'p/a/b' }]],
  ['a link in place of a file', [{ name: 'p/a' }, { name: 'p/a', type: 'symlink', linkname: 'b' }]],
  ['a file in place of a link', [{ name: 'p/a', type: 'symlink', linkname: 'b' }, { name: 'p/a' }]],
];
for (const profile of ['package', 'image'] as const) {
  for (const [what, entries] of twice) {
    test(`D9 ${profile}: ${what} is refused`, async (t) => {
      const { run, litter } = await trial(t, tarLayer(forgeTar(entries)));
      await assert.rejects(run({ profile }), { code: 'ARCHIVE_COLLISION' });
      assert.deepEqual(litter(), []);
    });
  }

  test(`D9 ${profile}: names that this file system tells apart may stand side by side`, async (t) => {
    const { run } = await trial(t, tarLayer(forgeTar([{ name: 'p/nul' }, { name: 'p/a ' }, { name: 'p/a.' }])));
    assert.deepEqual(paths(await run({ profile })), ['p/a ', 'p/a.', 'p/nul']);
  });

  test(`D9 ${profile}: names that the file system takes for one are refused`, async (t) => {
    const foldCase = { ...systemFileSystem, open: systemFileSystem.open, mkdir: systemFileSystem.mkdir };
    foldCase.open = (path, flags, mode) => systemFileSystem.open(path.replace('FILE', 'file'), flags, mode);
    foldCase.mkdir = (path, mode) => systemFileSystem.mkdir(path.replace('DIR', 'dir'), mode);
    for (const [one, other] of [
      ['p/file', 'p/FILE'],
      ['p/dir/a', 'p/DIR/b'],
    ] as const) {
      const { run, litter } = await trial(t, tarLayer(forgeTar([{ name: one }, { name: other }])));
      await assert.rejects(run({ profile, fileSystem: foldCase }), { code: 'ARCHIVE_COLLISION' });
      assert.deepEqual(litter(), []);
    }
  });
}

for (const profile of ['strict', 'package', 'image'] as const) {
  test(`D9 ${profile}: a directory may be named again`, async (t) => {
    const { run } = await trial(
      t,
      tarLayer(forgeTar([{ name: 'd/f' }, { name: 'd/' }, { name: './' }, { name: 'd/' }])),
    );
    const { directories, files } = await run({ profile });
    assert.deepEqual([directories, files.map(({ path }) => path)], [['d'], ['d/f']]);
  });
}
