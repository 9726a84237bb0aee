import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipped, zstdCompressed } from '@gantry/testkit';
import { inflateStream } from './inflate-stream.ts';

const one = Buffer.from('the first part '.repeat(20));
const two = Buffer.from('and the second');
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

async function inflated(compression: 'gzip' | 'zstd', pieces: readonly Uint8Array[]): Promise<string> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (const piece of pieces) if (piece.length > 0) yield Buffer.from(piece);
  }
  const output: Buffer[] = [];
  await inflateStream(compression, chunks(), (chunk) => void output.push(Buffer.from(chunk)));
  return Buffer.concat(output).toString();
}

for (const [what, compression, bytes] of [
  ['two members of gzip', 'gzip', Buffer.concat([gzipped(one), gzipped(two)])],
  ['two frames of zstd', 'zstd', Buffer.concat([zstdCompressed(one), zstdCompressed(two)])],
  [
    'frames of zstd with others to skip',
    'zstd',
    Buffer.concat([skippable, zstdCompressed(one), skippable, zstdCompressed(two), skippable]),
  ],
] as const) {
  test(`${what} are inflated wherever the pieces are cut`, async () => {
    const whole = one.toString() + two.toString();
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      assert.equal(await inflated(compression, [bytes.subarray(0, cut), bytes.subarray(cut)]), whole, `cut at ${cut}`);
    }
    assert.equal(
      await inflated(
        compression,
        Array.from(bytes, (byte) => Buffer.from([byte])),
      ),
      whole,
    );
  });

  test(`D7: ${what} are refused when their end is missing, or something else is there`, async () => {
    const ends = compression === 'gzip' ? 20 : 8;
    for (let cut = 1; cut < ends; cut += 1) {
      if (what.includes('skip') && cut === skippable.length) continue;
      await assert.rejects(inflated(compression, [bytes.subarray(0, -cut)]), `cut by ${cut}`);
    }
    for (const junk of ['junk', '\0', 'PK\u0003\u0004 and more of it']) {
      await assert.rejects(
        inflated(compression, [bytes, Buffer.from(junk)]),
        `${JSON.stringify(junk)} in a piece of its own`,
      );
      await assert.rejects(inflated(compression, [Buffer.concat([bytes, Buffer.from(junk)])]), JSON.stringify(junk));
    }
  });
}

test('D8: frames of zstd are counted', async () => {
  const frames = Buffer.concat(Array.from({ length: 4 }, () => zstdCompressed(Buffer.alloc(0))));
  const count = async (archiveEntries: number): Promise<void> => {
    async function* chunks(): AsyncGenerator<Buffer> {
      yield frames;
    }
    await inflateStream('zstd', chunks(), () => {}, { limits: { archiveEntries } });
  };
  await count(5);
  await count(4);
  await assert.rejects(count(3), {
    code: 'ARCHIVE_LIMIT',
    details: { limit: 'archiveEntries', expected: 3, found: 4 },
  });
});
