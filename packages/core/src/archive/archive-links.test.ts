import assert from 'node:assert/strict';
import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { forgeTar, HOSTILE_LINKS, type TarEntry, TRAVERSALS } from '@gantry/testkit';
import type { ArchiveProfile } from './archive-profile.ts';
import { paths, tarLayer, trial } from './extract.fixture.ts';

const link = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname });
const hard = (name: string, linkname: string): TarEntry => ({ name, type: 'link', linkname });

for (const { name, entries } of [...TRAVERSALS, ...HOSTILE_LINKS]) {
  for (const profile of ['strict', 'package'] as const) {
    test(`D2 ${profile}: ${name} is refused and leaves nothing`, async (t) => {
      const { run, litter } = await trial(t, tarLayer(forgeTar(entries)));
      await assert.rejects(run({ profile }), (error) => isGantryError(error) && error.code.startsWith('ARCHIVE_'));
      assert.deepEqual(litter(), []);
    });
  }
  test(`D2 image: ${name} is refused, or its links are reported and not made`, async (t) => {
    const { run, litter, destination } = await trial(t, tarLayer(forgeTar(entries)));
    try {
      const { links, skipped } = await run({ profile: 'image' });
      assert.ok(skipped.length > 0);
      for (const { path } of skipped)
        assert.equal(lstatSync(join(destination, path), { throwIfNoEntry: false }), undefined);
      assert.deepEqual(links, []);
    } catch (error) {
      if (!isGantryError(error)) throw error;
      assert.match(error.code, /^ARCHIVE_/);
      assert.deepEqual(litter(), []);
    }
  });
}

test('D2 strict: any link is refused, also one that stays inside', async (t) => {
  for (const entry of [link('d/l', 'f'), hard('d/l', 'd/f')]) {
    const { run } = await trial(t, tarLayer(forgeTar([{ name: 'd/f', content: 'x' }, entry])));
    await assert.rejects(run({ profile: 'strict' }), { code: 'ARCHIVE_UNSAFE_LINK' });
  }
});

for (const profile of ['package', 'image'] as const) {
  test(`D2 ${profile}: links that stay inside are made, as they are written`, async (t) => {
    const { run, destination } = await trial(
      t,
      tarLayer(
        forgeTar([
          { name: 'package/lib/f', content: 'x' },
          link('package/bin', 'lib'),
          link('package/up', 'lib/../lib/f'),
          link('package/lib/late', '../later'),
          { name: 'package/later', content: 'y' },
        ]),
      ),
    );
    const { links, skipped } = await run({ profile });
    assert.deepEqual(
      links.map(({ path, target }) => [path, target]),
      [
        ['package/bin', 'lib'],
        ['package/lib/late', '../later'],
        ['package/up', 'lib/../lib/f'],
      ],
    );
    assert.deepEqual(skipped, []);
    assert.equal(readlinkSync(join(destination, 'package/bin')), 'lib');
    assert.equal(readFileSync(join(destination, 'package/bin/late'), 'utf8'), 'y');
  });

  test(`D2 ${profile}: nothing is written through a link, wherever it stands in the archive`, async (t) => {
    const { run } = await trial(
      t,
      tarLayer(
        forgeTar([
          { name: 'package/d/f', content: 'x' },
          link('package/l', 'd'),
          { name: 'package/l/f', content: 'y' },
        ]),
      ),
    );
    await assert.rejects(run({ profile }), { code: 'ARCHIVE_UNSAFE_LINK' });
  });

  test(`D3 ${profile}: a hard link inside becomes a copy of its own`, async (t) => {
    const { run, destination } = await trial(
      t,
      tarLayer(
        forgeTar([
          { name: 'package/z', content: 'x', mode: 0o755 },
          hard('package/a', 'package/z'),
          hard('package/b', './package/a'),
        ]),
      ),
    );
    const extraction = await run({ profile });
    assert.deepEqual(paths(extraction), ['package/a', 'package/b', 'package/z']);
    assert.equal(new Set(extraction.files.map(({ digest }) => digest)).size, 1);
    for (const path of paths(extraction)) {
      const stats = statSync(join(destination, path));
      assert.deepEqual([stats.nlink, stats.mode & 0o777, stats.size], [1, 0o755, 1], path);
    }
  });
}

const outside: readonly (readonly [what: string, path: string, target: string])[] = [
  ['above the root', 'package/l', '../../x'],
  ['far above the root', 'package/a/b/l', '../../../../../../etc'],
  ['the root of the machine', 'package/l', '/etc/passwd'],
  ['a drive', 'package/l', 'C:/x'],
  ['a share', 'package/l', '\\\\server\\x'],
  ['a .. behind another link', 'package/l', 'deep/../../../x'],
  ['through something absent', 'package/l', 'absent/../../x'],
  ['through a file', 'package/l', 'file/../../x'],
  ['a control character', 'package/l', 'a\x1b[2J'],
];
for (const [what, path, target] of outside) {
  const archive = forgeTar([
    { name: 'package/a/b/c/f', content: 'x' },
    { name: 'package/file' },
    link('package/deep', 'a/b/c'),
    link(path, target),
  ]);
  test(`D2 package: a link to ${what} is refused`, async (t) => {
    const { run, litter } = await trial(t, tarLayer(archive));
    if (what === 'a .. behind another link') {
      const { links } = await run({ profile: 'package' });
      assert.equal(links.length, 2, 'deep/../../../x is package/x when followed as a kernel does');
      return;
    }
    await assert.rejects(run({ profile: 'package' }), { code: 'ARCHIVE_UNSAFE_LINK' });
    assert.deepEqual(litter(), []);
  });
  test(`D2 image: a link to ${what} is left out and reported, the rest is there`, async (t) => {
    const { run, destination } = await trial(t, tarLayer(archive));
    const { links, skipped } = await run({ profile: 'image' });
    const inside = what === 'a .. behind another link';
    assert.deepEqual(
      skipped.map((each) => each.path),
      inside ? [] : [path],
    );
    assert.deepEqual(
      links.map((each) => each.path),
      inside ? ['package/deep', 'package/l'] : ['package/deep'],
    );
    assert.equal(readFileSync(join(destination, 'package/a/b/c/f'), 'utf8'), 'x');
  });
}

test('D2 package: a link may not leave its top directory, even for another one of the archive', async (t) => {
  for (const entry of [link('package/l', '../other/f'), hard('package/l', 'other/f'), link('l', 'package')]) {
    const { run } = await trial(t, tarLayer(forgeTar([{ name: 'other/f' }, { name: 'package/f' }, entry])));
    await assert.rejects(run({ profile: 'package' }), { code: 'ARCHIVE_UNSAFE_LINK' });
  }
});

for (const profile of ['package', 'image'] satisfies ArchiveProfile[]) {
  test(`D2 ${profile}: links in a circle are not made`, async (t) => {
    const { run } = await trial(t, tarLayer(forgeTar([{ name: 'p/f' }, link('p/a', 'b'), link('p/b', 'a')])));
    if (profile === 'package') await assert.rejects(run({ profile }), { code: 'ARCHIVE_UNSAFE_LINK' });
    else assert.equal((await run({ profile })).skipped.length, 2);
  });
}
