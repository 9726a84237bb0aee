import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseManifest } from './choose-manifest.ts';
import type { ContentSource } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import type { GantryError } from './errors.ts';
import { MediaType } from './media-types.ts';
import { memorySource } from './memory-repository.ts';
import { formatPlatform, type Platform, parsePlatform } from './platform.ts';

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** A memory source with manifests and indexes, which counts what is opened. */
function library() {
  const source = memorySource();
  const opened: string[] = [];
  const config = source.add(encode({}), MediaType.empty);
  const counting: ContentSource = {
    open(what, op) {
      opened.push(what.digest);
      return source.open(what, op);
    },
  };
  return {
    source: counting,
    opened,
    image: (salt: string): Descriptor => {
      const document = {
        schemaVersion: 2,
        mediaType: MediaType.imageManifest,
        config,
        layers: [],
        annotations: { salt },
      };
      return source.add(encode(document), MediaType.imageManifest);
    },
    index: (...manifests: readonly Descriptor[]): Descriptor =>
      source.add(encode({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests }), MediaType.imageIndex),
  };
}

const on = (what: Descriptor, platform: string): Descriptor => ({ ...what, platform: parsePlatform(platform) });
const AMD64: Platform = parsePlatform('linux/amd64');

test('a manifest is its own answer, with one read', async () => {
  const { source, image, opened } = library();
  const root = image('a');
  const chosen = await chooseManifest(source, root, AMD64);
  assert.deepEqual([chosen.descriptor, chosen.platform, chosen.indexes], [root, undefined, []]);
  assert.equal(opened.length, 1);
});

test('B8: the child of an index is read under the verified index, and the config is not asked', async () => {
  const { source, image, index, opened } = library();
  const child = on(image('amd64'), 'linux/amd64');
  const root = index(on(image('arm64'), 'linux/arm64'), child);
  const chosen = await chooseManifest(source, root, AMD64);
  assert.deepEqual(chosen.descriptor, child);
  assert.deepEqual(chosen.indexes, [root]);
  assert.equal(chosen.platform && formatPlatform(chosen.platform), 'linux/amd64');
  assert.deepEqual(opened, [root.digest, child.digest]);
});

test('B8: a swapped child is refused', async () => {
  const { source, image, index } = library();
  const promised = on(image('good'), 'linux/amd64');
  const root = index(promised);
  const evil = image('evil');
  const swapping: ContentSource = {
    open: (what, op) => source.open(what.digest === promised.digest ? evil : what, op),
  };
  await assert.rejects(chooseManifest(swapping, root, AMD64), { code: /^CONTENT_(DIGEST|SIZE)_MISMATCH$/ });
});

test('B8: nested indexes are opened only for want of something native', async () => {
  const { source, image, index, opened } = library();
  const deep = on(image('deep'), 'linux/amd64');
  const nested = index(deep);
  const wasm = on(image('wasm'), 'wasi/wasm');
  const root = index(wasm, nested);
  const chosen = await chooseManifest(source, root, AMD64);
  assert.deepEqual(chosen.descriptor, deep);
  assert.deepEqual(
    chosen.indexes.map(({ digest }) => digest),
    [root.digest, nested.digest],
  );
  opened.length = 0;
  assert.deepEqual((await chooseManifest(source, root, AMD64, { prefer: 'wasm' })).descriptor, wasm);
  assert.deepEqual(opened, [root.digest, wasm.digest], 'the nested index is not read when Wasm is preferred');
  assert.deepEqual((await chooseManifest(source, root, parsePlatform('linux/s390x'))).descriptor, wasm);
  await assert.rejects(chooseManifest(source, root, parsePlatform('linux/s390x'), { prefer: 'only-native' }), {
    code: 'CONTENT_NO_PLATFORM',
  });
});

test('B8: a nested index for another platform is not opened, and a shared one only once', async () => {
  const { source, image, index, opened } = library();
  const nested = index(on(image('x'), 'linux/arm64'));
  const shared = index(nested, on(image('y'), 'linux/arm64'));
  const root = index(shared, nested, on(nested, 'linux/ppc64le'), on(index(), 'windows/amd64'));
  await assert.rejects(chooseManifest(source, root, AMD64), { code: 'CONTENT_NO_PLATFORM' });
  assert.deepEqual(opened.length, 3);
});

test('B8: a single entry without platform is what the index means, two of them are not', async () => {
  const { source, image, index } = library();
  const only = image('only');
  const attestation = { ...image('att'), platform: { os: 'unknown', architecture: 'unknown' } };
  const chosen = await chooseManifest(source, index(attestation, only), AMD64);
  assert.deepEqual([chosen.descriptor, chosen.platform], [only, undefined]);
  await assert.rejects(chooseManifest(source, index(only, image('other')), AMD64), { code: 'CONTENT_NO_PLATFORM' });
  await assert.rejects(chooseManifest(source, index(), AMD64), { code: 'CONTENT_NO_PLATFORM' });
  await assert.rejects(chooseManifest(source, index(attestation), AMD64), { code: 'CONTENT_NO_PLATFORM' });
});

test('the error names what there is', async () => {
  const { source, image, index } = library();
  const root = index(on(image('a'), 'linux/arm64'), on(image('b'), 'windows/amd64'));
  await assert.rejects(chooseManifest(source, root, AMD64), (error: GantryError) => {
    assert.equal(error.code, 'CONTENT_NO_PLATFORM');
    assert.match(error.message, /nothing for linux\/amd64; it has linux\/arm64, windows\/amd64/);
    assert.deepEqual(error.details['found'], ['linux/arm64', 'windows/amd64']);
    return true;
  });
});

test('B8: depth and number of nested indexes are limited at n-1, n and n+1', async () => {
  const { source, image, index } = library();
  const tower = (height: number): Descriptor => {
    let what = index(on(image('bottom'), 'linux/amd64'));
    for (let level = 0; level < height; level++) what = index(what);
    return what;
  };
  const op = { limits: { indexDepth: 3 } };
  for (const height of [2, 3]) assert.ok(await chooseManifest(source, tower(height), AMD64, {}, op));
  await assert.rejects(chooseManifest(source, tower(4), AMD64, {}, op), { code: 'CONTENT_LIMIT' });
  const wide = (width: number): Descriptor =>
    index(
      ...Array.from({ length: width }, (_, at) => index(on(image(`w${at}`), at === 0 ? 'linux/amd64' : 'linux/arm64'))),
    );
  const narrow = { limits: { nestedIndexes: 5 } };
  for (const width of [4, 5]) assert.ok(await chooseManifest(source, wide(width), AMD64, {}, narrow));
  await assert.rejects(chooseManifest(source, wide(6), AMD64, {}, narrow), { code: 'CONTENT_LIMIT' });
});
