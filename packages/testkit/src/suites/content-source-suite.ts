import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ContentSource, type Descriptor, digestOf, isGantryError, MediaType } from '@gantry/oci';

/** A source that holds the given bytes under the given descriptors, right or wrong. */
export interface ContentSourceSubject {
  readonly source: ContentSource;
}

/** Makes a source that yields `bytes` for `what`, whether they belong to it or not. */
export type ContentSourceFactory = (
  t: TestContext,
  content: readonly { readonly what: Descriptor; readonly bytes: Uint8Array }[],
) => Promise<ContentSourceSubject>;

/** A part of the suite that an implementation cannot do, with the reason. */
export type SkippedParts<Part extends string> = Readonly<Partial<Record<Part, string>>>;

/** Parts of {@link contentSourceSuite} that may be skipped. */
export type ContentSourcePart = 'wrong bytes' | 'sha512' | 'large';

/** What every {@link ContentSource} promises: the bytes of the descriptor or an error before the end, and no leaks. */
export function contentSourceSuite(
  name: string,
  factory: ContentSourceFactory,
  skip: SkippedParts<ContentSourcePart> = {},
): void {
  const cases: readonly { readonly name: string; readonly bytes: Uint8Array; readonly part?: ContentSourcePart }[] = [
    { name: 'an empty blob', bytes: new Uint8Array() },
    { name: 'one byte', bytes: new Uint8Array([7]) },
    { name: 'three megabytes', bytes: patterned(3_000_000), part: 'large' },
  ];
  for (const { name: what, bytes, part } of cases) {
    test(`${name}: yields ${what}`, { skip: part && skip[part] }, async (t) => {
      const descriptor = describe(bytes);
      const { source } = await factory(t, [{ what: descriptor, bytes }]);
      assert.deepEqual(await collect(source.open(descriptor)), Buffer.from(bytes));
      assert.deepEqual(await collect(source.open(descriptor)), Buffer.from(bytes));
    });
  }

  test(`${name}: yields content under sha512`, { skip: skip.sha512 }, async (t) => {
    const bytes = patterned(1000);
    const descriptor = { ...describe(bytes), digest: digestOf(bytes, 'sha512') };
    const { source } = await factory(t, [{ what: descriptor, bytes }]);
    assert.deepEqual(await collect(source.open(descriptor)), Buffer.from(bytes));
  });

  const right = patterned(1000);
  const wrong: readonly [what: string, bytes: Uint8Array][] = [
    ['the first byte flipped', flipped(right, 0)],
    ['the last byte flipped', flipped(right, 999)],
    ['one byte less', right.subarray(1)],
    ['one byte more', patterned(1001)],
    ['nothing', new Uint8Array()],
  ];
  for (const [what, bytes] of wrong) {
    test(`B1: ${name}: throws before the end on ${what}`, { skip: skip['wrong bytes'] }, async (t) => {
      const descriptor = describe(right);
      const { source } = await factory(t, [{ what: descriptor, bytes }]);
      const read: Uint8Array[] = [];
      await assert.rejects(
        async () => {
          for await (const chunk of source.open(descriptor)) read.push(chunk);
        },
        (error) => isGantryError(error) && /^CONTENT_(DIGEST|SIZE)_MISMATCH$/.test(error.code),
      );
      assert.ok(Buffer.concat(read).length < right.length, 'the whole content was given away before the error');
    });
  }

  test(`${name}: what is not there is an error`, async (t) => {
    const { source } = await factory(t, []);
    await assert.rejects(collect(source.open(describe(right))), (error) => isGantryError(error));
  });

  test(`${name}: readers may stop early, and start again`, { skip: skip.large }, async (t) => {
    const bytes = patterned(3_000_000);
    const descriptor = describe(bytes);
    const { source } = await factory(t, [{ what: descriptor, bytes }]);
    for await (const chunk of source.open(descriptor)) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.deepEqual(await collect(source.open(descriptor)), Buffer.from(bytes));
  });

  test(`F12: ${name}: a signal ends it with its reason`, { skip: skip.large }, async (t) => {
    const bytes = patterned(3_000_000);
    const descriptor = describe(bytes);
    const { source } = await factory(t, [{ what: descriptor, bytes }]);
    const early = new AbortController();
    early.abort();
    await assert.rejects(collect(source.open(descriptor, { signal: early.signal })), { name: 'AbortError' });

    const aborter = new AbortController();
    const reason = new Error('enough');
    await assert.rejects(async () => {
      for await (const _chunk of source.open(descriptor, { signal: aborter.signal })) aborter.abort(reason);
    }, reason);
  });

  test(`${name}: readers do not disturb each other`, async (t) => {
    const contents = [1, 2, 3].map((size) => patterned(size * 1000));
    const content = contents.map((bytes) => ({ what: describe(bytes), bytes }));
    const { source } = await factory(t, content);
    const read = await Promise.all(content.map(({ what }) => collect(source.open(what))));
    assert.deepEqual(
      read,
      contents.map((bytes) => Buffer.from(bytes)),
    );
  });
}

/** The descriptor of bytes that have no type of their own. */
export function describe(bytes: Uint8Array): Descriptor {
  return { mediaType: MediaType.octetStream, digest: digestOf(bytes), size: bytes.length };
}

/** Everything a stream yields. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes that differ all the way. */
export function patterned(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}
