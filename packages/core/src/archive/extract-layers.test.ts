import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '@gantry/oci';
import { forgeTar, gzipped, SPECIAL_FILES, SPECIAL_MODES, type TarEntry, zstdCompressed } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { paths, TAR, TAR_GZIP, TAR_ZSTD, tarLayer, trial } from './extract.fixture.ts';

const profiles = ['strict', 'package', 'image'] as const;
const simple = forgeTar([{ name: 'p/f', content: 'hello' }]);
/** More than a worker's start is worth: extracted in a thread. */
const noise = Buffer.concat(
  Array.from({ length: 20_000 }, (_, nth) => createHash('sha256').update(String(nth)).digest()),
);
const large = forgeTar([
  { name: 'p/noise', content: noise },
  { name: 'p/small', content: 'x' },
]);

for (const { name, entries } of SPECIAL_FILES) {
  for (const profile of profiles) {
    test(`D5 ${profile}: ${name} is refused`, async (t) => {
      const { run, litter } = await trial(t, tarLayer(forgeTar(entries)));
      await assert.rejects(run({ profile }), {
        code: name === 'an unknown type' ? 'ARCHIVE_INVALID' : 'ARCHIVE_UNSAFE_ENTRY',
      });
      assert.deepEqual(litter(), []);
    });
  }
}

for (const profile of profiles) {
  for (const umask of [0, 0o077]) {
    for (const groupWritable of [false, true]) {
      test(`D6 ${profile}: modes are ours under umask ${umask.toString(8)}, ${groupWritable ? '' : 'not '}writable by the group`, async (t) => {
        const before = process.umask(umask);
        t.after(() => process.umask(before));
        const entries: TarEntry[] = [
          { name: 'd/', mode: 0o7777 },
          ...SPECIAL_MODES.map((entry) => ({ ...entry, name: `d/${entry.name}` })),
        ];
        const { run, destination } = await trial(t, tarLayer(forgeTar(entries)));
        const { files } = await run({ profile, groupWritable });
        const group = groupWritable ? 0o020 : 0;
        for (const path of ['', 'd'])
          assert.equal(statSync(join(destination, path)).mode & 0o7777, 0o755 | group, path);
        for (const { path, mode } of files) {
          const asked = Number.parseInt(path.slice('d/mode-'.length), 8);
          const expected = (profile !== 'strict' && (asked & 0o100) !== 0 ? 0o755 : 0o644) | group;
          const stats = lstatSync(join(destination, path));
          assert.deepEqual([stats.mode & 0o7777, mode], [expected, expected], path);
          assert.equal(stats.uid, process.getuid?.());
        }
      });
    }
  }
}

for (const [what, mediaType, bytes] of [
  ['plain tar', TAR, simple],
  ['tar+gzip', TAR_GZIP, gzipped(simple)],
  [
    'tar+gzip in several members',
    TAR_GZIP,
    Buffer.concat([gzipped(simple.subarray(0, 700)), gzipped(simple.subarray(700))]),
  ],
  ['tar+zstd', TAR_ZSTD, zstdCompressed(simple)],
  [
    'tar+zstd in several frames',
    TAR_ZSTD,
    Buffer.concat([zstdCompressed(simple.subarray(0, 700)), zstdCompressed(simple.subarray(700))]),
  ],
  ['a layer of Docker', 'application/vnd.docker.image.rootfs.diff.tar.gzip', gzipped(simple)],
  ['a vendor type', 'application/vnd.acme.plugin.content.v1.tar+gzip', gzipped(simple)],
] as const) {
  test(`${what} is extracted, with the digest of each file`, async (t) => {
    const { run, destination } = await trial(t, { mediaType, bytes });
    const { files, directories } = await run({ profile: 'strict' });
    assert.deepEqual(files, [{ path: 'p/f', size: 5, digest: digestOf(Buffer.from('hello')), mode: 0o644 }]);
    assert.deepEqual(directories, ['p']);
    assert.equal(readFileSync(join(destination, 'p/f'), 'utf8'), 'hello');
  });
}

for (const [what, mediaType, bytes] of [
  ['gzip', TAR_GZIP, gzipSync(large, { level: 1 })],
  ['zstd', TAR_ZSTD, zstdCompressed(large)],
  ['plain', TAR, large],
] as const) {
  test(`a large ${what} layer is extracted in a thread, with the same result`, async (t) => {
    assert.ok(bytes.length > 256 * 1024);
    const { run, destination } = await trial(t, { mediaType, bytes });
    let done = 0;
    const { files } = await run(
      { profile: 'strict' },
      {
        onEvent: (event) => {
          if (event.type === 'progress') done = event.done;
        },
      },
    );
    assert.deepEqual(
      files.map(({ path, digest }) => [path, digest]),
      [
        ['p/noise', digestOf(noise)],
        ['p/small', digestOf(Buffer.from('x'))],
      ],
    );
    assert.deepEqual(readFileSync(join(destination, 'p/noise')), noise);
    assert.equal(done, bytes.length);
  });
}

test('errors and limits of a thread arrive as they are', async (t) => {
  const { run, litter } = await trial(
    t,
    tarLayer(Buffer.concat([large.subarray(0, -1024), forgeTar([{ name: '../evil' }])])),
  );
  await assert.rejects(run({ profile: 'strict' }), {
    name: 'GantryError',
    code: 'ARCHIVE_UNSAFE_PATH',
    details: { entry: '../evil' },
    hint: 'do not use this archive; tell its publisher',
  });
  assert.deepEqual(litter(), []);
  const limited = await trial(t, tarLayer(large));
  await assert.rejects(limited.run({ profile: 'strict' }, { limits: { archiveEntryBytes: 1000 } }), {
    code: 'ARCHIVE_LIMIT',
  });
});

const mismatches: readonly (readonly [what: string, mediaType: string, bytes: Uint8Array])[] = [
  ['an HTML page under tar+gzip', TAR_GZIP, Buffer.from('<!doctype html><title>Sign in</title>')],
  ['a zip under tar+gzip', TAR_GZIP, Buffer.from('PK\u0003\u0004'.padEnd(600, '\0'))],
  ['gzip under tar', TAR, gzipped(simple)],
  ['zstd under tar+gzip', TAR_GZIP, zstdCompressed(simple)],
  ['tar under tar+gzip', TAR_GZIP, simple],
  ['gzip of gzip', TAR_GZIP, gzipped(gzipped(simple))],
  ['an HTML page in gzip', TAR_GZIP, gzipped(Buffer.from('<!doctype html>'.padEnd(1024)))],
  ['the text form of Wasm under tar', TAR, Buffer.from('(module)'.padEnd(1024))],
  ['Wasm under tar+zstd', TAR_ZSTD, Buffer.from('\0asm\u0001\0\0\0', 'latin1')],
  ['nothing under tar+gzip', TAR_GZIP, Buffer.alloc(0)],
  ['octet-stream that is an archive', 'application/octet-stream', gzipped(simple)],
  ['a property of objects as media type', 'constructor', gzipped(simple)],
];
for (const [what, mediaType, bytes] of mismatches) {
  for (const profile of profiles) {
    test(`D12 ${profile}: ${what} is refused`, async (t) => {
      const { run, litter } = await trial(t, { mediaType, bytes });
      await assert.rejects(run({ profile }), { code: 'CONTENT_TYPE_MISMATCH' });
      assert.deepEqual(litter(), []);
    });
  }
}

const flipped = Buffer.from(gzipped(simple));
flipped[flipped.length - 6] = (flipped.at(-6) ?? 0) ^ 1;
for (const [what, mediaType, bytes] of [
  ['gzip that is cut', TAR_GZIP, gzipped(simple).subarray(0, -5)],
  ['gzip with a wrong checksum', TAR_GZIP, flipped],
  ['bytes behind gzip', TAR_GZIP, Buffer.concat([gzipped(simple), Buffer.from('junk')])],
  ['zeros behind gzip', TAR_GZIP, Buffer.concat([gzipped(simple), Buffer.alloc(512)])],
  ['another archive in a second gzip member', TAR_GZIP, Buffer.concat([gzipped(simple), gzipped(simple)])],
  ['zstd that is cut', TAR_ZSTD, zstdCompressed(simple).subarray(0, -3)],
  ['bytes behind zstd', TAR_ZSTD, Buffer.concat([zstdCompressed(simple), Buffer.from('junk')])],
] as const) {
  test(`D7 strict: ${what} is refused`, async (t) => {
    const { run, litter } = await trial(t, { mediaType, bytes });
    await assert.rejects(run({ profile: 'strict' }), { code: 'ARCHIVE_INVALID' });
    assert.deepEqual(litter(), []);
  });
}

test('D4 strict: only a fresh directory is written to, never something that is there already', async (t) => {
  for (const plant of [(path: string) => mkdirSync(path), (path: string) => symlinkSync('/tmp', path)]) {
    const { run, destination } = await trial(t, tarLayer(simple));
    plant(destination);
    await assert.rejects(run({ profile: 'strict' }), { code: 'INSTALL_IO' });
    assert.ok(lstatSync(destination), 'what was there stays');
  }
});

test('D4 strict: staging is for its owner only until it is whole, and nothing is opened through a link', async (t) => {
  const { run, destination } = await trial(t, tarLayer(simple));
  const seen: number[] = [];
  const fileSystem = { ...systemFileSystem };
  fileSystem.open = (path, flags, mode) => {
    seen.push(statSync(destination).mode & 0o777);
    if (path.endsWith('p/f') && seen.length === 1) symlinkSync(join(destination, '..', 'sentinel'), path);
    return systemFileSystem.open(path, flags, mode);
  };
  await assert.rejects(run({ profile: 'strict', fileSystem }), { code: 'ARCHIVE_COLLISION' });
  assert.equal(seen[0], 0o700);
  assert.equal(readFileSync(join(destination, '..', 'sentinel'), 'utf8'), 'untouched');
});

test('no layer makes an empty directory', async (t) => {
  const { run, destination } = await trial(t);
  assert.deepEqual(paths(await run({ profile: 'image' })), []);
  assert.equal(statSync(destination).mode & 0o777, 0o755);
});
