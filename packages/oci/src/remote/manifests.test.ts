import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { flippedByte, flippingTag, lyingDigest, type Rule } from '@gantry/testkit';
import { digestOf } from '../digest.ts';
import { MediaType } from '../media-types.ts';
import { collect, documentOf, EMPTY, manifest, plain, remoteWorld, stockManifest } from './remote-world.fixture.ts';

const MANIFEST = manifest();
const OTHER = manifest({ annotations: { other: 'yes' } });

test('resolve is one GET with every readable type in Accept; opening what was resolved asks for nothing', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, MANIFEST, 'v1');
  const found = await world.repository.resolve(world.ref(':v1'), world.op);
  assert.deepEqual(found, MANIFEST.what);
  assert.deepEqual(await collect(world.repository.open(found, world.op)), Buffer.from(MANIFEST.bytes));
  assert.deepEqual(world.asked(), ['GET manifests/v1']);
  assert.deepEqual(world.registry.log.requests[0]?.headers.accept?.split(', '), [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
    'application/vnd.oci.artifact.manifest.v1+json',
  ]);
});

test('B6: a tag that moves with each request is read once', async (t) => {
  const world = await remoteWorld(t, [flippingTag('v1', [MANIFEST.what.digest, OTHER.what.digest])]);
  await stockManifest(world, MANIFEST, 'v1');
  await stockManifest(world, OTHER);
  const found = await world.repository.resolve(world.ref(':v1'), world.op);
  await collect(world.repository.open(found, world.op));
  assert.equal(found.digest, MANIFEST.what.digest);
  assert.equal(world.registry.log.count('GET', '/manifests/v1'), 1);
});

test('B7: with a digest in the reference the tag is not read, and the manifest is checked', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, MANIFEST);
  await stockManifest(world, OTHER, 'lie');
  const found = await world.repository.resolve(world.ref(`:lie@${MANIFEST.what.digest}`), world.op);
  assert.equal(found.digest, MANIFEST.what.digest);
  assert.deepEqual(world.asked(), [`GET manifests/${MANIFEST.what.digest}`]);
});

test('a reference without tag and digest means latest; one of another repository is refused', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, MANIFEST, 'latest');
  assert.equal((await world.repository.resolve(world.ref(''), world.op)).digest, MANIFEST.what.digest);
  await assert.rejects(world.repository.resolve(world.ref('x:latest'), world.op), { code: 'REFERENCE_UNSUPPORTED' });
});

test('B3: the digest of a manifest comes from its bytes, and a header that says otherwise is an error', async (t) => {
  const wrong = digestOf(Buffer.from('x'));
  const cases: readonly { name: string; rules: Rule[]; suffix: string; code?: string }[] = [
    { name: 'header lies about a tag', rules: [lyingDigest(wrong)], suffix: ':v1', code: 'CONTENT_DIGEST_MISMATCH' },
    {
      name: 'header right, body wrong',
      rules: [flippedByte('/manifests/', -3)],
      suffix: ':v1',
      code: 'CONTENT_DIGEST_MISMATCH',
    },
    { name: 'header is no digest', rules: [lyingDigest('md5:x')], suffix: ':v1', code: 'REGISTRY_PROTOCOL' },
    {
      name: 'no header, body wrong',
      rules: [{ headers: { 'docker-content-digest': null }, alter: (body) => Buffer.concat([body, Buffer.from(' ')]) }],
      suffix: `@${MANIFEST.what.digest}`,
      code: 'CONTENT_DIGEST_MISMATCH',
    },
    { name: 'no header', rules: [{ headers: { 'docker-content-digest': null } }], suffix: ':v1' },
    {
      name: 'sha512 in the header',
      rules: [lyingDigest(digestOf(MANIFEST.bytes, 'sha512'))],
      suffix: `@${MANIFEST.what.digest}`,
    },
  ];
  for (const { name, rules, suffix, code } of cases) {
    const world = await remoteWorld(t, rules);
    await stockManifest(world, MANIFEST, 'v1');
    const resolved = world.repository.resolve(world.ref(suffix), world.op);
    if (code === undefined) assert.equal((await resolved).digest, MANIFEST.what.digest, name);
    else await assert.rejects(resolved, { code }, name);
  }
});

test('a tag that the registry files under sha512 resolves to that digest', async (t) => {
  const world = await remoteWorld(t);
  const long = manifest({}, 'sha512');
  await stockManifest(world, long, 'v1');
  assert.deepEqual(await world.repository.resolve(world.ref(':v1'), world.op), long.what);
});

test('B4: Content-Type and the type inside must agree', async (t) => {
  const untyped = manifest({ mediaType: undefined });
  const cases: readonly { content: typeof MANIFEST; header: string | null; type?: string; code?: string }[] = [
    { content: MANIFEST, header: 'application/json; charset=utf-8', type: MediaType.imageManifest },
    { content: MANIFEST, header: null, type: MediaType.imageManifest },
    { content: MANIFEST, header: `${MediaType.imageManifest}; charset=utf-8`, type: MediaType.imageManifest },
    { content: MANIFEST, header: MediaType.imageIndex, code: 'CONTENT_TYPE_MISMATCH' },
    { content: MANIFEST, header: 'text/html; charset=utf-8', code: 'REGISTRY_PROTOCOL' },
    { content: untyped, header: MediaType.imageManifest, type: MediaType.imageManifest },
    { content: untyped, header: 'application/json', code: 'CONTENT_TYPE_MISMATCH' },
  ];
  for (const { content, header, type, code } of cases) {
    const world = await remoteWorld(t, [{ headers: { 'content-type': header } }]);
    await stockManifest(world, content, 'v1');
    const resolved = world.repository.resolve(world.ref(':v1'), world.op);
    if (code === undefined) assert.equal((await resolved).mediaType, type, String(header));
    else await assert.rejects(resolved, { code }, String(header));
  }
});

test('opening a manifest checks size, digest and type of its descriptor', async (t) => {
  const index = documentOf({ schemaVersion: 2, manifests: [] }, MediaType.imageIndex);
  const cases = [
    { what: { ...MANIFEST.what, size: MANIFEST.what.size + 1 }, code: 'CONTENT_SIZE_MISMATCH' },
    { what: { ...MANIFEST.what, mediaType: MediaType.imageIndex }, code: 'CONTENT_TYPE_MISMATCH' },
    { what: { ...MANIFEST.what, digest: OTHER.what.digest }, code: 'REGISTRY_NOT_FOUND' },
    { what: { ...MANIFEST.what, size: 4 * 1024 * 1024 + 1 }, code: 'CONTENT_LIMIT' },
  ];
  for (const { what, code } of cases) {
    const world = await remoteWorld(t);
    await stockManifest(world, MANIFEST);
    await stockManifest(world, index);
    await assert.rejects(collect(world.repository.open(what, world.op)), { code }, code);
  }
});

test('manifestBytes at n-1, n and n+1', async (t) => {
  for (const [limit, code] of [
    [MANIFEST.what.size - 1, 'REGISTRY_LIMIT'],
    [MANIFEST.what.size, undefined],
    [MANIFEST.what.size + 1, undefined],
  ] as const) {
    const world = await remoteWorld(t, [], { limits: { manifestBytes: limit } });
    await stockManifest(world, MANIFEST, 'v1');
    const resolved = world.repository.resolve(world.ref(':v1'), world.op);
    if (code === undefined) await resolved;
    else await assert.rejects(resolved, { code });
  }
});

test('F3: an answer that is cut is asked for again; nothing of it is used', async (t) => {
  for (const cut of [0, 1, 100]) {
    const world = await remoteWorld(t, [{ path: '/manifests/', nth: 1, cut }]);
    await stockManifest(world, MANIFEST, 'v1');
    assert.deepEqual(await world.repository.resolve(world.ref(':v1'), world.op), MANIFEST.what);
    assert.equal(world.registry.log.count('GET'), 2);
  }
  const world = await remoteWorld(t, [{ path: '/manifests/', cut: 10 }], { limits: { retries: 3 } });
  await stockManifest(world, MANIFEST, 'v1');
  await assert.rejects(world.repository.resolve(world.ref(':v1'), world.op), { code: 'REGISTRY_UNREACHABLE' });
  assert.equal(world.registry.log.count('GET'), 3);
});

test('F2: answers that no registry gives', async (t) => {
  const page = '<html><body>Please log in</body></html>';
  const cases: readonly { rule: Rule; code: string }[] = [
    { rule: { status: 200, body: page, headers: { 'content-type': 'text/html' } }, code: 'REGISTRY_PROTOCOL' },
    { rule: { status: 200, body: page, headers: { 'content-type': 'application/json' } }, code: 'CONTENT_INVALID' },
    { rule: { status: 206 }, code: 'REGISTRY_PROTOCOL' },
    { rule: { status: 304, body: '' }, code: 'REGISTRY_PROTOCOL' },
    { rule: { status: 416, body: '' }, code: 'REGISTRY_PROTOCOL' },
    { rule: { status: 502, body: page, headers: { 'content-type': 'text/html' } }, code: 'REGISTRY_UNAVAILABLE' },
  ];
  for (const { rule, code } of cases) {
    const world = await remoteWorld(t, [rule]);
    await stockManifest(world, MANIFEST, 'v1');
    await assert.rejects(world.repository.resolve(world.ref(':v1'), world.op), { code }, JSON.stringify(rule));
  }
});

test('B13: a manifest may come gzipped once and is hashed decoded; other encodings are errors', async (t) => {
  const cases = [
    { encoding: 'gzip', alter: gzipSync, code: undefined },
    { encoding: 'br', alter: gzipSync, code: 'CONTENT_ENCODED' },
    { encoding: new Array(1000).fill('gzip').join(', '), alter: gzipSync, code: 'CONTENT_ENCODED' },
  ];
  for (const { encoding, alter, code } of cases) {
    const world = await remoteWorld(t, [{ headers: { 'content-encoding': encoding }, alter }]);
    await stockManifest(world, MANIFEST, 'v1');
    const resolved = world.repository.resolve(world.ref(':v1'), world.op);
    if (code === undefined) assert.deepEqual(await resolved, MANIFEST.what);
    else await assert.rejects(resolved, { code });
  }
});

test('peek is one HEAD and believes nothing', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, MANIFEST, 'v1');
  assert.deepEqual(await world.repository.peek(world.ref(':v1'), world.op), {
    digest: MANIFEST.what.digest,
    size: MANIFEST.what.size,
    mediaType: MediaType.imageManifest,
  });
  assert.deepEqual(world.asked(), ['HEAD manifests/v1']);
  await assert.rejects(world.repository.peek(world.ref(':v2'), world.op), {
    code: 'REGISTRY_NOT_FOUND',
    message: `${world.repository.name}:v2 is not in the registry`,
  });
  world.registry.script([lyingDigest('nonsense')]);
  assert.equal((await world.repository.peek(world.ref(':v1'), world.op)).digest, undefined);
});

test('pushing a manifest is one PUT, under its tag or digest, and the digest that comes back is checked', async (t) => {
  const world = await remoteWorld(t);
  const plainManifest = documentOf(
    { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [] },
    MediaType.imageIndex,
  );
  await world.repository.pushManifest(plainManifest.what, plainManifest.bytes, {}, world.op);
  await world.repository.pushManifest(plainManifest.what, plainManifest.bytes, { tag: 'v1' }, world.op);
  await world.repository.tag(plainManifest.what, 'v2', world.op);
  assert.deepEqual(world.asked(), [
    `PUT manifests/${plainManifest.what.digest}`,
    'PUT manifests/v1',
    'PUT manifests/v2',
  ]);
  assert.equal(await world.registry.storage.tag('team/app', 'v2'), plainManifest.what.digest);

  world.registry.script([{ method: 'PUT', headers: { 'docker-content-digest': EMPTY.what.digest } }]);
  await assert.rejects(world.repository.pushManifest(plainManifest.what, plainManifest.bytes, {}, world.op), {
    code: 'CONTENT_DIGEST_MISMATCH',
  });
});

test('a manifest is not sent under a descriptor that is not its own, nor under a tag that is none', async (t) => {
  const world = await remoteWorld(t);
  const push = (tag: string): Promise<void> =>
    world.repository.pushManifest(MANIFEST.what, MANIFEST.bytes, { tag }, world.op);
  await assert.rejects(world.repository.pushManifest(OTHER.what, MANIFEST.bytes, {}, world.op), {
    code: 'CONTENT_SIZE_MISMATCH',
  });
  for (const tag of ['', '../x', 'a?b', 'a\r\nb', 'a%2fb', 'ä', `sha256:${'0'.repeat(64)}`, 'x'.repeat(129)]) {
    await assert.rejects(push(tag), { code: 'REFERENCE_INVALID' }, tag);
    await assert.rejects(world.repository.tag(MANIFEST.what, tag, world.op), { code: 'REFERENCE_INVALID' }, tag);
    await assert.rejects(world.repository.delete({ tag }, world.op), { code: 'REFERENCE_INVALID' }, tag);
  }
  assert.deepEqual(world.asked(), []);
});

test('a sha512 manifest keeps its digest under its tag', async (t) => {
  const world = await remoteWorld(t);
  const index = documentOf(
    { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [] },
    MediaType.imageIndex,
    'sha512',
  );
  await world.repository.pushManifest(index.what, index.bytes, { tag: 'v1' }, world.op);
  assert.deepEqual(await world.repository.resolve(world.ref(`@${index.what.digest}`), world.op), index.what);
  const { path, query } = world.registry.log.requests[0] ?? assert.fail();
  assert.deepEqual([path, query], [`/v2/team/app/manifests/${index.what.digest}`, 'tag=v1']);
});

test('deleting: by digest, by tag, what is not there, and where it is switched off', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, MANIFEST, 'v1');
  await stockManifest(world, OTHER, 'v2');
  await world.repository.delete({ tag: 'v1' }, world.op);
  assert.equal(await world.registry.storage.tag('team/app', 'v1'), undefined);
  await world.repository.delete(OTHER.what, world.op);
  assert.equal(await world.registry.storage.manifest('team/app', OTHER.what.digest), undefined);
  await assert.rejects(world.repository.delete({ tag: 'v1' }, world.op), { code: 'REGISTRY_NOT_FOUND' });
  for (const status of [400, 405, 501]) {
    world.registry.script([{ method: 'DELETE', status, body: '' }]);
    await assert.rejects(world.repository.delete(MANIFEST.what, world.op), { code: 'REGISTRY_UNSUPPORTED' });
    await assert.rejects(world.repository.delete({ tag: 'v1' }, world.op), {
      code: 'REGISTRY_UNSUPPORTED',
      hint: 'some registries delete by digest only: name the digest to delete',
    });
  }
});

test('has is one HEAD', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, MANIFEST);
  assert.equal(await world.repository.has(MANIFEST.what, world.op), true);
  assert.equal(await world.repository.has(OTHER.what, world.op), false);
  assert.deepEqual(world.asked(), [`HEAD manifests/${MANIFEST.what.digest}`, `HEAD manifests/${OTHER.what.digest}`]);
});

test('F13: an index of nothing and an image of no layers are what they are', async (t) => {
  const world = await remoteWorld(t);
  const empty = documentOf(
    { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: null },
    MediaType.imageIndex,
  );
  const bare = manifest({ layers: [], subject: plain(OTHER.what) });
  for (const [tag, content] of [
    ['empty', empty],
    ['bare', bare],
  ] as const) {
    await stockManifest(world, content, tag);
    assert.deepEqual(await world.repository.resolve(world.ref(`:${tag}`), world.op), content.what);
  }
});
