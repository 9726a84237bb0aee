import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Op } from '@gantry/oci';
import { type TarEntry as ForgedEntry, forgeTar, paxRecords, type TarOptions } from '@gantry/testkit';
import { createTarReader, type TarEntry } from './tar-reader.ts';

interface Read {
  readonly entries: TarEntry[];
  readonly contents: string[];
}

function read(archive: Buffer, chunk = archive.length, op?: Op): Read {
  const entries: TarEntry[] = [];
  const contents: string[] = [];
  let content: Buffer[] = [];
  const reader = createTarReader(
    {
      entry: (entry) => void entries.push(entry),
      data: (bytes) => void content.push(Buffer.from(bytes)),
      end: () => {
        contents.push(Buffer.concat(content).toString());
        content = [];
      },
    },
    op,
  );
  for (let at = 0; at < archive.length; at += chunk) reader.push(archive.subarray(at, at + chunk));
  reader.finish();
  return { entries, contents };
}

function names(entries: readonly ForgedEntry[], options?: TarOptions): string[] {
  return read(forgeTar(entries, options)).entries.map(({ name }) => name);
}

const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/f`;

for (const [what, entry] of [
  ['ustar', { name: 'file', content: 'x' }],
  ['GNU tar', { name: 'file', content: 'x', format: 'gnu' }],
  ['the type flag NUL of old archives', { name: 'file', content: 'x', type: '\0' }],
  ['a PAX path', { name: 'short', content: 'x', pax: { path: 'file' } }],
  [
    'a PAX header with owners, times and attributes',
    { name: 'file', content: 'x', pax: { mtime: '1.5', uid: '7', 'SCHILY.xattr.user.a': 'b' } },
  ],
  ['a PAX size that says what the header says', { name: 'file', content: 'x', pax: { size: '1' } }],
  ['a size in base-256', { name: 'file', content: 'x', base256: ['size'] }],
  ['owners and times in base-256', { name: 'file', content: 'x', uid: 2 ** 40, mtime: -1, base256: ['uid', 'mtime'] }],
] as const satisfies readonly (readonly [string, ForgedEntry])[]) {
  test(`D7: ${what} is read`, () => {
    assert.deepEqual(
      read(forgeTar([entry])).entries.map(({ name, size }) => [name, size]),
      [['file', 1]],
    );
  });
}

test('D7: long names are read in all three ways', () => {
  const prefix = { name: long.slice(91), prefix: long.slice(0, 90) };
  assert.deepEqual(names([{ name: 'x', pax: { path: long } }, { name: long, gnuLong: true, format: 'gnu' }, prefix]), [
    long,
    long,
    long,
  ]);
});

test('D7: chunks of any size give the same entries and contents', () => {
  const archive = forgeTar([
    { name: 'a/', type: 'directory' },
    { name: 'a/empty' },
    { name: long, gnuLong: true, content: 'y'.repeat(1500) },
    { name: 'x', pax: { path: 'a/\u00e9' }, content: 'z'.repeat(512) },
    { name: 'l', type: 'symlink', linkname: 'a' },
  ]);
  const whole = read(archive);
  assert.equal(whole.entries.length, 5);
  for (const chunk of [1, 7, 511, 512, 513, 4096]) assert.deepEqual(read(archive, chunk), whole, `chunks of ${chunk}`);
});

test('D7: a comment of git in a global header means nothing and is accepted', () => {
  assert.deepEqual(
    names([
      { name: 'pax_global_header', type: 'paxGlobal', content: paxRecords({ comment: 'f'.repeat(40) }) },
      { name: 'a' },
    ]),
    ['a'],
  );
});

const file: ForgedEntry = { name: 'file', content: 'x' };
const refused: readonly (readonly [what: string, entries: readonly ForgedEntry[], options?: TarOptions])[] = [
  ['a size in PAX that differs from the header', [{ ...file, pax: { size: '512' } }]],
  ['a PAX size of zero over content', [{ ...file, pax: { size: '0' } }]],
  ['a negative size', [{ ...file, size: -1n, base256: ['size'] }]],
  ['a size beyond safe integers', [{ ...file, size: 2n ** 62n, base256: ['size'] }]],
  ['a size that is not octal', [{ ...file, raw: { size: '0000000009x\0' } }]],
  ['a bad checksum', [{ ...file, checksum: 'bad' }]],
  ['a checksum of signed characters', [{ ...file, name: 'f\u00fc', checksum: 'signed' }]],
  ['no magic behind the first entry', [file, { ...file, name: 'v7', format: 'v7' }]],
  ['a NUL inside the name', [{ ...file, raw: { name: 'a\0b' } }]],
  ['a NUL inside a PAX path', [{ ...file, pax: { path: 'a\0b' } }]],
  ['a NUL inside a long name', [{ name: 'a\0b', gnuLong: true }]],
  ['a name that is not UTF-8', [{ ...file, name: Buffer.from([0xff, 0xfe]) }]],
  ['a PAX path that is not UTF-8', [{ ...file, rawPax: Buffer.from('11 path=\xff\xfe\n', 'latin1') }]],
  ['an empty PAX path', [{ ...file, pax: { path: '' } }]],
  ['a path twice in a PAX header', [{ ...file, rawPax: '10 path=a\n10 path=b\n' }]],
  ['a PAX record that is longer than its header', [{ ...file, rawPax: '99 path=a\n' }]],
  ['a PAX record without a length', [{ ...file, rawPax: ' path=a\n' }]],
  ['a PAX record with a negative length', [{ ...file, rawPax: '-10 path=a\n' }]],
  ['a PAX record that does not end in a newline', [{ ...file, rawPax: '10 path=ab' }]],
  ['another character set', [{ ...file, pax: { hdrcharset: 'BINARY' } }]],
  ['a sparse file of PAX', [{ ...file, pax: { 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '100000000000' } }]],
  ['a real size of star', [{ ...file, pax: { 'SCHILY.realsize': '9' } }]],
  ['a sparse file of GNU tar', [{ ...file, type: 'gnuSparse', format: 'gnu' }]],
  ['a directory dump of GNU tar', [{ ...file, type: 'gnuDump', format: 'gnu' }]],
  ['a volume of GNU tar', [{ name: 'v', type: 'gnuVolume', format: 'gnu' }]],
  ['a contiguous file', [{ ...file, type: 'contiguous' }]],
  ['a global header that names paths', [{ name: 'g', type: 'paxGlobal', content: paxRecords({ path: 'evil' }) }, file]],
  [
    'a PAX header before a long name',
    [
      { name: 'p', type: 'pax', content: paxRecords({ size: '0' }) },
      { name: long, gnuLong: true },
    ],
  ],
  [
    'a long name before a PAX header',
    [
      { name: 'l', type: 'gnuLongName', content: 'a\0' },
      { ...file, pax: { path: 'b' } },
    ],
  ],
  [
    'a long name before a global header',
    [{ name: 'l', type: 'gnuLongName', content: 'a\0' }, { name: 'g', type: 'paxGlobal' }, file],
  ],
  [
    'two PAX headers',
    [
      { name: 'p', type: 'pax', content: paxRecords({ path: 'a' }) },
      { ...file, pax: { path: 'b' } },
    ],
  ],
  [
    'two long names',
    [
      { name: 'l', type: 'gnuLongName', content: 'a\0' },
      { name: 'b', gnuLong: true },
    ],
  ],
  ['a PAX header with nothing behind it', [file, { name: 'p', type: 'pax', content: paxRecords({ path: 'a' }) }]],
  ['a long name with nothing behind it', [file, { name: 'l', type: 'gnuLongName', content: 'a\0' }]],
  ['a directory with content', [{ name: 'd', type: 'directory', content: 'x' }]],
  ['a symbolic link with content', [{ name: 'l', type: 'symlink', linkname: 'a', content: 'x' }]],
  ['a hard link with content', [file, { name: 'l', type: 'link', linkname: 'file', content: 'x' }]],
  ['no end', [file], { endBlocks: 0 }],
  ['half an end', [file], { endBlocks: 1 }],
  ['an entry behind a lone zero block', [file], { endBlocks: 1, trailing: forgeTar([file]) }],
  ['a second archive behind the end', [file], { trailing: forgeTar([file]) }],
  ['bytes behind the end', [file], { trailing: 'junk' }],
  ['half a block behind the end', [file], { trailing: Buffer.alloc(100) }],
  ['a header in the padding of a file', [{ ...file, padding: false }, file, file]],
];
for (const [what, entries, options] of refused) {
  test(`D7: ${what} is refused`, () => {
    assert.throws(() => read(forgeTar(entries, options)), { code: 'ARCHIVE_INVALID' });
    assert.throws(() => read(forgeTar(entries, options), 100), { code: 'ARCHIVE_INVALID' });
  });
}

test('D7: an archive cut anywhere is refused, and zeros behind its end are not', () => {
  const archive = forgeTar([{ ...file, content: 'x'.repeat(600) }, file]);
  for (let cut = 512; cut < archive.length; cut += 97) {
    assert.throws(() => read(archive.subarray(0, cut)), { code: 'ARCHIVE_INVALID' }, `cut at ${cut}`);
  }
  assert.equal(read(Buffer.concat([archive, Buffer.alloc(10_240)])).entries.length, 2);
});

for (const [what, type] of [
  ['character device', 'char'],
  ['block device', 'block'],
  ['FIFO', 'fifo'],
] as const) {
  test(`D5: a ${what} is refused`, () => {
    assert.throws(() => read(forgeTar([{ name: 'dev', type }])), { code: 'ARCHIVE_UNSAFE_ENTRY' });
  });
}

for (const [what, bytes] of [
  ['an HTML page', Buffer.from('<!doctype html>'.padEnd(2048, ' '))],
  ['random bytes', Buffer.alloc(2048, 0xa5)],
  ['less than a header', Buffer.from('ustar')],
  ['nothing', Buffer.alloc(0)],
  ['an archive without magic', forgeTar([{ name: 'v7', format: 'v7' }])],
] as const) {
  test(`D12: ${what} is no tar archive`, () => {
    assert.throws(() => read(bytes), { code: 'CONTENT_TYPE_MISMATCH' });
  });
}

for (const [limit, forge] of [
  ['archiveEntryBytes', (size: number): ForgedEntry => ({ name: 'f', content: Buffer.alloc(size) })],
  [
    'archiveHeaderBytes',
    (size: number): ForgedEntry => ({ name: 'f', rawPax: paxRecords({ comment: 'c'.repeat(size - 12) }) }),
  ],
] as const) {
  test(`D8: ${limit} at n-1, n and n+1`, () => {
    const op: Op = { limits: { [limit]: 50 } };
    for (const size of [49, 50]) assert.equal(read(forgeTar([forge(size)]), 512, op).entries.length, 1);
    assert.throws(() => read(forgeTar([forge(51)]), 512, op), {
      code: 'ARCHIVE_LIMIT',
      details: { limit, expected: 50, found: 51, ...(limit === 'archiveEntryBytes' ? { entry: 'f' } : {}) },
    });
  });
}
