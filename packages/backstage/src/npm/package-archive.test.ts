import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  ESCAPING_NAMES,
  forgeTar,
  gzipped,
  HOSTILE_LINKS,
  SPECIAL_FILES,
  SPECIAL_MODES,
  startNpmRegistry,
  type TarEntry,
  TRAVERSALS,
  zstdCompressed,
} from '@gantry/testkit';
import { entryOf, type NpmTestWorld, npmWorld, readTree } from './npm-world.fixture.ts';

const MANIFEST: TarEntry = { name: 'package/package.json', content: '{"name":"x","version":"1.0.0"}' };

async function archived(
  t: TestContext,
  bytes: Uint8Array,
  maxEntryBytes: number = 40_000_000,
): Promise<NpmTestWorld & { stage: () => Promise<{ directory: string; name: string }> }> {
  const world = await npmWorld(t, { skipIntegrity: true, maxEntryBytes });
  await writeFile(join(world.root, 'x.tgz'), bytes);
  return { ...world, stage: () => world.npm.stage(entryOf('file:x.tgz'), world.staging) };
}

for (const [what, entry, code, message] of [
  [
    'D1: a file beside package/',
    { name: 'other/x', content: '1' },
    'ARCHIVE_UNSAFE_PATH',
    /^NPM package archive does not start with 'package\/' as it should: other\/x$/,
  ],
  [
    'D1: a file above',
    { name: '../x', content: '1' },
    'ARCHIVE_UNSAFE_PATH',
    /^NPM package archive does not start with 'package\/' as it should: \.\.\/x \(/,
  ],
  [
    'D1: a file that begins like package/',
    { name: 'package-2/x', content: '1' },
    'ARCHIVE_UNSAFE_PATH',
    /^NPM package archive does not start with 'package\/' as it should: package-2\/x$/,
  ],
  [
    'D1: a way out of package/',
    { name: 'package/../x', content: '1' },
    'ARCHIVE_UNSAFE_PATH',
    /^entry package\/\.\.\/x/,
  ],
  [
    'D2: a link to somewhere else',
    { name: 'package/l', type: 'symlink', linkname: '/etc/passwd' },
    'ARCHIVE_UNSAFE_LINK',
    /^NPM package archive contains a link outside of the archive: package\/l -> \/etc\/passwd \(/,
  ],
  [
    'D2: a link out of package/',
    { name: 'package/l', type: 'symlink', linkname: '../other' },
    'ARCHIVE_UNSAFE_LINK',
    /^NPM package archive contains a link outside of the archive: package\/l -> \.\.\/other \(/,
  ],
  [
    'D3: a hard link to somewhere else',
    { name: 'package/l', type: 'link', linkname: '../../etc/passwd' },
    'ARCHIVE_UNSAFE_LINK',
    /^NPM package archive contains a link outside of the archive: package\/l -> \.\.\/\.\.\/etc\/passwd \(/,
  ],
  [
    'D5: a FIFO',
    { name: 'package/f', type: 'fifo' },
    'ARCHIVE_UNSAFE_ENTRY',
    /^NPM package archive contains a non regular file: package\/f - FIFO \(/,
  ],
  [
    'D5: a character device',
    { name: 'package/c', type: 'char' },
    'ARCHIVE_UNSAFE_ENTRY',
    /^NPM package archive contains a non regular file: package\/c - character device \(/,
  ],
  [
    'D5: a block device',
    { name: 'package/b', type: 'block' },
    'ARCHIVE_UNSAFE_ENTRY',
    /^NPM package archive contains a non regular file: package\/b - block device \(/,
  ],
] as const satisfies readonly (readonly [string, TarEntry, string, RegExp])[]) {
  test(`${what} in a package is refused in the words of the original`, async (t) => {
    for (const entries of [
      [MANIFEST, entry],
      [entry, MANIFEST],
    ]) {
      const world = await archived(t, gzipped(forgeTar(entries)));
      await assert.rejects(world.stage(), { code, message });
      assert.deepEqual(await world.staged(), []);
      assert.deepEqual(readdirSync(world.root).sort(), ['.gantry-1', 'x.tgz']);
    }
  });
}

test('D1, D2, D3, D5: nothing of the corpus of hostile archives leaves anything', async (t) => {
  const escaping = ESCAPING_NAMES.map((name) => ({ name, entries: [{ name, content: '1' }] }));
  for (const { name, entries } of [...TRAVERSALS, ...escaping, ...HOSTILE_LINKS, ...SPECIAL_FILES]) {
    const world = await archived(t, gzipped(forgeTar([MANIFEST, ...entries])));
    await assert.rejects(world.stage(), { code: /^ARCHIVE_/ }, name);
    assert.deepEqual(await world.staged(), [], name);
  }
});

test('D6: modes of the archive do not reach the disk', async (t) => {
  const special = SPECIAL_MODES.map((entry) => ({ ...entry, name: `package/${String(entry.name)}` }));
  const world = await archived(t, gzipped(forgeTar([MANIFEST, ...special])));
  const { directory } = await world.stage();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const { mode } = lstatSync(join(entry.parentPath, entry.name));
    assert.ok([0o644, 0o755].includes(mode & 0o7777), entry.name);
  }
});

test('links inside of a package stay, directories beside it do not count', async (t) => {
  const entries: TarEntry[] = [
    MANIFEST,
    { name: 'elsewhere/', type: 'directory' },
    { name: 'package/lib/a.js', content: '1' },
    { name: 'package/b.js', type: 'symlink', linkname: 'lib/a.js' },
    { name: 'package/lib/c.js', type: 'symlink', linkname: '../b.js' },
  ];
  const world = await archived(t, gzipped(forgeTar(entries)));
  const { directory, name } = await world.stage();
  assert.equal(name, 'x-1.0.0');
  assert.deepEqual(Object.keys(await readTree(directory)).sort(), ['b.js', 'lib/a.js', 'lib/c.js', 'package.json']);
});

test('D8: a file of MAX_ENTRY_SIZE is taken, one byte more is a Zip bomb', async (t) => {
  const of = (size: number): Buffer =>
    gzipped(forgeTar([MANIFEST, { name: 'package/big', content: Buffer.alloc(size) }]));
  assert.equal((await (await archived(t, of(1000), 1000)).stage()).name, 'x-1.0.0');
  const world = await archived(t, of(1001), 1000);
  await assert.rejects(world.stage(), {
    code: 'ARCHIVE_LIMIT',
    message: /^Zip bomb detected in package\/big \(the archive exceeds archiveEntryBytes: at most 1000, found 1001\)$/,
  });
  assert.deepEqual(await world.staged(), []);
});

test('D8: a million empty files are too many', async (t) => {
  const many = Array.from({ length: 60 }, (_, index) => ({ name: `package/${index}`, content: '' }));
  const world = await archived(t, gzipped(forgeTar([MANIFEST, ...many])));
  await assert.rejects(world.npm.stage(entryOf('file:x.tgz'), world.staging, { limits: { archiveEntries: 61 } }), {
    code: 'ARCHIVE_LIMIT',
  });
  await world.npm.stage(entryOf('file:x.tgz'), world.staging, { limits: { archiveEntries: 62 } });
});

for (const [name, version] of [
  ['.', '1.0.0'],
  ['..', '1.0.0'],
  ['../../x', '1.0.0'],
  ['@x/..', '1.0.0'],
  ['@../x', '1.0.0'],
  ['a/../b', '1.0.0'],
  ['@a/b/c', '1.0.0'],
  ['a\\b', '1.0.0'],
  ['', '1.0.0'],
  ['.hidden', '1.0.0'],
  ['x\u0000', '1.0.0'],
  ['x', ''],
  ['x', '1'],
  ['x', '1.0.0/../../y'],
  ['x', '..'],
  ['x', ' 1.0.0'],
  ['x'.repeat(215), '1.0.0'],
  ['x'.repeat(200), `1.0.0-${'a'.repeat(60)}`],
] as const) {
  test(`D11: ${JSON.stringify(`${name}@${version}`).slice(0, 60)} does not become a directory`, async (t) => {
    const manifest = { name: 'package/package.json', content: JSON.stringify({ name, version }) };
    const world = await archived(t, gzipped(forgeTar([manifest])));
    await assert.rejects(world.stage(), { code: 'CONFIG_PACKAGE' });
    assert.deepEqual(await world.staged(), []);
  });
}

test('D11: a package.json that is a link, or missing, is none', async (t) => {
  for (const entries of [
    [{ name: 'package/a.js', content: '1' }],
    [
      { name: 'package/a.json', content: '{"name":"x","version":"1.0.0"}' },
      { name: 'package/package.json', type: 'symlink', linkname: 'a.json' },
    ],
  ]) {
    const world = await archived(t, gzipped(forgeTar(entries)));
    await assert.rejects(world.stage(), { code: 'CONFIG_PACKAGE', message: /there is no package\.json/ });
  }
});

for (const [what, bytes] of [
  ['a web page', Buffer.from('<!doctype html><p>log in</p>')],
  ['text', Buffer.from('hello')],
  ['nothing', Buffer.alloc(0)],
] as const) {
  test(`D12: ${what} is no package`, async (t) => {
    const registry = await startNpmRegistry(t);
    const { url } = registry.publish({ name: 'x', version: '1.0.0', tarball: bytes });
    const world = await npmWorld(t, { skipIntegrity: true });
    await assert.rejects(world.npm.stage(entryOf(url), world.staging), { code: 'CONTENT_TYPE_MISMATCH' });
    assert.deepEqual(await world.staged(), []);
  });
}

test('tar without compression and zstd are read like gzip', async (t) => {
  for (const bytes of [forgeTar([MANIFEST]), zstdCompressed(forgeTar([MANIFEST]))]) {
    assert.equal((await (await archived(t, bytes)).stage()).name, 'x-1.0.0');
  }
});
