import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGunzip, createZstdDecompress, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { extract, type Header as Headers } from 'tar-stream';
import { gzipBomb, gzipped, zstdBomb, zstdCompressed, zstdWithWindow } from './compressed.ts';
import { forgeTar, paxRecords, type TarEntry } from './forge-tar.ts';
import { tempDir } from './temp-dir.ts';

/** Entries as an independent reader sees them. */
async function entriesOf(archive: Buffer): Promise<[Headers, string][]> {
  const reader = extract();
  const found: [Headers, string][] = [];
  reader.end(archive);
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    found.push([entry.header, Buffer.concat(chunks).toString()]);
  }
  return found;
}

const long = `${'d'.repeat(99)}/${'f'.repeat(120)}`;
const honest: readonly [name: string, entry: TarEntry, expected: Partial<Headers>, content?: string][] = [
  ['a file', { name: 'a', content: 'hello' }, { name: 'a', type: 'file', size: 5, mode: 0o644 }, 'hello'],
  ['a directory', { name: 'd/' }, { name: 'd/', type: 'directory', mode: 0o755 }],
  ['a symbolic link', { name: 's', type: 'symlink', linkname: 'a' }, { type: 'symlink', linkname: 'a' }],
  ['a hard link', { name: 'h', type: 'link', linkname: 'a' }, { type: 'link', linkname: 'a' }],
  [
    'a device',
    { name: 'n', type: 'char', devmajor: 1, devminor: 3 },
    { type: 'character-device', devmajor: 1, devminor: 3 },
  ],
  ['a FIFO', { name: 'p', type: 'fifo' }, { type: 'fifo' }],
  [
    'owner and mode',
    { name: 'm', mode: 0o4755, uid: 7, gid: 8, uname: 'u', gname: 'g' },
    { mode: 0o4755, uid: 7, gid: 8, uname: 'u', gname: 'g' },
  ],
  ['a prefix', { name: 'b', prefix: 'a' }, { name: 'a/b' }],
  ['a PAX name and size', { name: 'x', pax: { path: long, mtime: '1.5' }, content: 'p' }, { name: long }, 'p'],
  ['GNU long names', { name: long, type: 'symlink', linkname: long, gnuLong: true }, { name: long, linkname: long }],
  [
    'a binary size',
    { name: 'b', content: 'bin', base256: ['size', 'uid'], uid: 70_000 },
    { size: 3, uid: 70_000 },
    'bin',
  ],
  ['the GNU format', { name: 'g', format: 'gnu', content: 'x' }, { name: 'g', size: 1 }, 'x'],
];
for (const [name, entry, expected, content] of honest) {
  test(`an independent reader reads ${name}`, async () => {
    const [found] = await entriesOf(forgeTar([entry]));
    assert.ok(found);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(found[0][key as keyof Headers], value, key);
    assert.equal(found[1], content ?? '');
  });
}

test('the system tar reads it', async (t) => {
  const directory = await tempDir(t);
  const archive = forgeTar([
    { name: 'd/' },
    { name: 'd/a', content: 'hello', mode: 0o700 },
    { name: 'd/s', type: 'symlink', linkname: 'a' },
    { name: 'x', pax: { path: 'päx' }, content: 'p' },
  ]);
  writeFileSync(join(directory, 'a.tar'), archive);
  mkdirSync(join(directory, 'out'));
  try {
    execFileSync('tar', ['-xf', join(directory, 'a.tar'), '-C', join(directory, 'out'), '--no-same-owner']);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return t.skip('there is no tar on this system');
    throw error;
  }
  assert.deepEqual(readdirSync(join(directory, 'out')).sort(), ['d', 'päx']);
  assert.equal(readFileSync(join(directory, 'out', 'd', 'a'), 'utf8'), 'hello');
  assert.equal(statSync(join(directory, 'out', 'd', 'a')).mode & 0o777, 0o700);
  assert.equal(readlinkSync(join(directory, 'out', 'd', 's')), 'a');
});

test('a header says what it is told', () => {
  const archive = forgeTar([{ name: 'a', content: 'x', size: 99, raw: { uid: 'nonsense', mode: Buffer.from([255]) } }]);
  assert.equal(archive.length, 4 * 512);
  assert.equal(archive.toString('latin1', 124, 136), '00000000143\0');
  assert.equal(archive.toString('latin1', 108, 116), 'nonsense');
  assert.equal(archive[100], 255);
  const negative = forgeTar([{ name: 'a', size: -1, base256: ['size'] }]);
  assert.deepEqual(negative.subarray(124, 136), Buffer.alloc(12, 255));
});

test('checksums: right, wrong, signed', async () => {
  assert.equal((await entriesOf(forgeTar([{ name: 'ä' }]))).length, 1);
  await assert.rejects(entriesOf(forgeTar([{ name: 'a', checksum: 'bad' }])), /Invalid tar header/);
  const sums = [undefined, 'signed'].map((checksum) => {
    const entry = { name: 'ä', ...(checksum === undefined ? {} : { checksum: 'signed' as const }) };
    return forgeTar([entry]).toString('latin1', 148, 154);
  });
  assert.notEqual(sums[0], sums[1]);
  const plain = forgeTar([{ name: 'a', checksum: 'signed' }]);
  assert.deepEqual(plain, forgeTar([{ name: 'a' }]));
});

test('an archive ends as it is told', () => {
  const entry = { name: 'a', content: 'x' };
  assert.equal(forgeTar([entry], { endBlocks: 0 }).length, 1024);
  assert.equal(forgeTar([entry], { endBlocks: 1, trailing: 'more' }).length, 1536 + 4);
  assert.equal(forgeTar([{ ...entry, padding: false }], { endBlocks: 0 }).length, 513);
});

test('PAX records count their own digits', () => {
  for (const length of [1, 2, 3, 90, 91, 92, 93, 94, 95, 980, 990, 991, 992]) {
    const record = paxRecords({ k: 'v'.repeat(length) });
    assert.equal(Number.parseInt(record.toString(), 10), record.length, String(length));
  }
});

test('compressed forms are read by zlib', () => {
  const bytes = Buffer.from('hello hello hello');
  assert.deepEqual(gunzipSync(gzipped(bytes)), bytes);
  assert.deepEqual(zstdDecompressSync(zstdCompressed(bytes)), bytes);
  assert.deepEqual(zstdDecompressSync(zstdWithWindow(20, bytes)), bytes);
  assert.throws(() => zstdDecompressSync(zstdWithWindow(30, bytes)), {
    code: 'ZSTD_error_frameParameter_windowTooLarge',
  });
});

for (const [name, bomb, decoder] of [
  ['gzip', gzipBomb, createGunzip],
  ['zstd', zstdBomb, createZstdDecompress],
] as const) {
  test(`a ${name} bomb is small outside and large inside`, async () => {
    const pieces = [...bomb(Buffer.from('head'), 20)];
    const outside = pieces.reduce((sum, piece) => sum + piece.length, 0);
    assert.ok(outside < 40_000, `${outside} bytes`);
    const stream = decoder();
    for (const piece of pieces) stream.write(piece);
    stream.end();
    let inside = 0;
    let first = '';
    try {
      for await (const chunk of stream) {
        first ||= (chunk as Buffer).toString('latin1', 0, 4);
        inside += (chunk as Buffer).length;
      }
    } catch (error) {
      // The checksum of the gzip form is wrong on purpose.
      assert.equal(name, 'gzip', String(error));
    }
    assert.deepEqual([first, inside], ['head', 20 * 1024 * 1024 + 4]);
  });
}
