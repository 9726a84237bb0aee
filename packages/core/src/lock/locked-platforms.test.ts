import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Descriptor, digestOf, MediaType, memorySource, type Platform } from '@gantry/oci';
import { lockedPlatforms } from './locked-platforms.ts';

const AMD64: Platform = { os: 'linux', architecture: 'amd64' };

/** A descriptor of a manifest that is nowhere: nothing may try to read it. */
function absent(text: string, platform?: Platform): Descriptor {
  const digest = digestOf(new TextEncoder().encode(text));
  return { mediaType: MediaType.imageManifest, digest, size: text.length, ...(platform && { platform }) };
}

function indexes() {
  const source = memorySource();
  const index = (manifests: readonly Descriptor[]): Descriptor => {
    const document = { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests };
    return source.add(new TextEncoder().encode(JSON.stringify(document)), MediaType.imageIndex);
  };
  /** So many indexes, each in the next. */
  const chain = (length: number): Descriptor => {
    let inner = absent('leaf', AMD64);
    for (let count = 0; count < length; count += 1) inner = index([inner]);
    return inner;
  };
  return { source, index, chain };
}

test('the platforms of an index come from the index alone, each with digest and size of its manifest', async () => {
  const { source, index } = indexes();
  const [amd, arm] = [absent('amd', AMD64), absent('arm', { os: 'linux', architecture: 'arm', variant: 'v7' })];
  const [any, attestation] = [absent('any'), absent('proof', { os: 'unknown', architecture: 'unknown' })];
  const nested = index([arm, amd]);
  const root = index([amd, nested, nested, any, attestation]);
  assert.deepEqual(await lockedPlatforms(source, root), [
    { platform: 'linux/amd64', digest: amd.digest, size: 3 },
    { platform: null, digest: any.digest, size: 3 },
    { platform: 'linux/arm/v7', digest: arm.digest, size: 3 },
  ]);
  assert.deepEqual(await lockedPlatforms(source, amd), [], 'a manifest has none, and is not read');
});

test('nested indexes are opened up to indexDepth and nestedIndexes', async () => {
  const { source, index, chain } = indexes();
  const deep = chain(3);
  const wide = index([index([absent('a', AMD64)]), index([absent('b', AMD64)])]);
  for (const root of [deep, wide]) {
    const found = await lockedPlatforms(source, root, { limits: { indexDepth: 2, nestedIndexes: 2 } });
    assert.ok(found.length > 0);
  }
  await assert.rejects(lockedPlatforms(source, deep, { limits: { indexDepth: 1 } }), {
    code: 'CONTENT_LIMIT',
    message: /indexDepth/,
  });
  await assert.rejects(lockedPlatforms(source, wide, { limits: { nestedIndexes: 1 } }), {
    code: 'CONTENT_LIMIT',
    message: /nestedIndexes/,
  });
});
