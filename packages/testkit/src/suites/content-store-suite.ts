import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ContentStore } from '@gantry/core';
import { type Descriptor, isGantryError } from '@gantry/oci';
import { collect, contentSourceSuite, describe, patterned } from './content-source-suite.ts';

/** Makes an empty store. */
export type ContentStoreFactory = (t: TestContext) => Promise<ContentStore>;

/** What every {@link ContentStore} promises: invisible until committed, nothing that was not hashed, safe to share. */
export function contentStoreSuite(name: string, factory: ContentStoreFactory): void {
  contentSourceSuite(
    name,
    async (t, content) => {
      const store = await factory(t);
      for (const { what, bytes } of content) await put(store, what, bytes);
      return { source: store };
    },
    { 'wrong bytes': 'a store does not take them in' },
  );

  test(`${name}: an ingest is invisible until it is committed`, async (t) => {
    const store = await factory(t);
    const bytes = patterned(1000);
    const what = describe(bytes);
    assert.equal(await store.has(what), false);
    const ingest = await store.ingest(what);
    await ingest.write(bytes);
    assert.equal(await store.has(what), false);
    await assert.rejects(collect(store.open(what)));
    await ingest.commit();
    assert.equal(await store.has(what), true);
    await ingest[Symbol.asyncDispose]();
    assert.deepEqual(await collect(store.open(what)), Buffer.from(bytes));
  });

  test(`${name}: an ingest without commit leaves nothing`, async (t) => {
    const store = await factory(t);
    const bytes = patterned(1000);
    const ingest = await store.ingest(describe(bytes));
    await ingest.write(bytes);
    await ingest[Symbol.asyncDispose]();
    assert.equal(await store.has(describe(bytes)), false);
    await put(store, describe(bytes), bytes);
  });

  const right = patterned(1000);
  const wrong: readonly [what: string, chunks: readonly Uint8Array[]][] = [
    ['other bytes', [patterned(1001).subarray(1)]],
    ['too few bytes', [right.subarray(0, 999)]],
    ['too many bytes', [right, right.subarray(0, 1)]],
    ['no bytes', []],
  ];
  for (const [what, chunks] of wrong) {
    test(`I9: ${name}: refuses to commit ${what}`, async (t) => {
      const store = await factory(t);
      await assert.rejects(
        async () => {
          await using ingest = await store.ingest(describe(right));
          for (const chunk of chunks) await ingest.write(chunk);
          await ingest.commit();
        },
        (error) => isGantryError(error) && /^CONTENT_(DIGEST|SIZE)_MISMATCH$/.test(error.code),
      );
      assert.equal(await store.has(describe(right)), false);
      await put(store, describe(right), right);
    });
  }

  test(`${name}: content comes in pieces`, async (t) => {
    const store = await factory(t);
    const what = describe(right);
    await using ingest = await store.ingest(what);
    for (let at = 0; at < right.length; at += 7) await ingest.write(right.subarray(at, at + 7));
    await ingest.commit();
    assert.deepEqual(await collect(store.open(what)), Buffer.from(right));
  });

  test(`${name}: committing what somebody else has committed is success`, async (t) => {
    const store = await factory(t);
    const what = describe(right);
    const ingests = await Promise.all([store.ingest(what), store.ingest(what)]);
    for (const ingest of ingests) await ingest.write(right);
    for (const ingest of ingests) {
      await ingest.commit();
      await ingest[Symbol.asyncDispose]();
    }
    await put(store, what, right);
    assert.deepEqual(await collect(store.open(what)), Buffer.from(right));
  });
}

async function put(store: ContentStore, what: Descriptor, bytes: Uint8Array): Promise<void> {
  await using ingest = await store.ingest(what);
  await ingest.write(bytes);
  await ingest.commit();
}
