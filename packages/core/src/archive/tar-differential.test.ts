import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { type TarEntry as ForgedEntry, forgeTar } from '@gantry/testkit';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { createTarReader } from './tar-reader.ts';

/** What a reader found: names, types and contents; undefined when it refused. */
type Found = readonly (readonly [name: string, type: string, content: string])[] | undefined;

function ours(archive: Buffer): Found {
  const found: [string, string, string][] = [];
  const reader = createTarReader({
    entry: ({ name, type }) => void found.push([name, type, '']),
    data: (chunk) => {
      const last = found.at(-1);
      if (last !== undefined) last[2] += chunk.toString('latin1');
    },
    end: () => {},
  });
  try {
    reader.push(archive);
    reader.finish();
    return found;
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

async function theirs(archive: Buffer): Promise<Found> {
  const found: [string, string, string][] = [];
  const reader = extract();
  reader.end(archive);
  try {
    for await (const entry of reader) {
      let content = '';
      for await (const chunk of entry) content += (chunk as Buffer).toString('latin1');
      const type = entry.header.type === 'link' ? 'hardlink' : String(entry.header.type);
      found.push([entry.header.name, type, content]);
    }
    return found;
  } catch {
    return undefined;
  }
}

const name = fc.stringMatching(/^[a-z\u00e9]{1,8}(\/[a-z.]{1,8}){0,2}$/);
const entry: fc.Arbitrary<ForgedEntry> = fc.record(
  {
    name,
    type: fc.constantFrom(
      'file',
      'file',
      'file',
      'directory',
      'symlink',
      'link',
      'contiguous',
      'gnuSparse',
      'paxGlobal',
      'Z',
    ),
    content: fc.string({ maxLength: 700 }),
    size: fc.constantFrom(0, 1, 511, 512, 513),
    linkname: name,
    format: fc.constantFrom('ustar', 'gnu', 'v7'),
    gnuLong: fc.boolean(),
    pax: fc.dictionary(
      fc.constantFrom('path', 'linkpath', 'size', 'mtime', 'comment', 'GNU.sparse.name'),
      fc.stringMatching(/^[0-9a-z\0]{0,6}$/),
      // Not an empty one: tar-stream takes the file behind a header without records for a part of that header.
      { minKeys: 1, maxKeys: 2 },
    ),
    checksum: fc.constantFrom('bad', 'signed'),
    base256: fc.constant(['size'] as const),
    padding: fc.constant(false),
  },
  { requiredKeys: ['name'] },
);

test('D7: whatever an archive says, another reader finds the same in it or we refuse it', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 4 }), async (entries) => {
      const archive = forgeTar(entries);
      const found = ours(archive);
      if (found === undefined) return;
      accepted += 1;
      assert.deepEqual(found, await theirs(archive));
    }),
    { numRuns: 1000 },
  );
  assert.ok(accepted > 20, `only ${accepted} archives were accepted at all`);
});

test('D7: an extended header without records says nothing about the file behind it', () => {
  assert.deepEqual(ours(forgeTar([{ name: 'a', content: 'x', pax: {} }])), [['a', 'file', 'x']]);
});

test('D7: archives with flipped bits are read alike or refused', async () => {
  const archive = forgeTar([
    { name: 'a/f', content: 'x'.repeat(600) },
    { name: 'long', pax: { path: 'p'.repeat(120), mtime: '1.5' }, content: 'y' },
    { name: 'n'.repeat(130), gnuLong: true, format: 'gnu', content: 'z' },
    { name: 'l', type: 'symlink', linkname: 'a' },
  ]);
  await fc.assert(
    fc.asyncProperty(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
      const changed = Buffer.from(archive);
      changed[at] = (changed[at] ?? 0) ^ bits;
      const found = ours(changed);
      if (found !== undefined) assert.deepEqual(found, await theirs(changed));
    }),
    { numRuns: 500 },
  );
});
