import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { flippedByte, type Rule, type ScriptedRegistry, scriptedRegistry } from '@gantry/testkit';
import { openTransport } from '../transport/open-transport.ts';
import { openRepository } from './open-repository.ts';
import {
  all,
  blob,
  collect,
  EMPTY,
  manifest,
  plain,
  type RemoteWorld,
  stockBlob,
  stockManifest,
  worldOf,
} from './remote-world.fixture.ts';

const BLOB = blob(randomBytes(20_000));
const MANIFEST = manifest();
const OTHER = manifest({ annotations: { other: 'yes' } });

type Kind = 'good' | 'absent' | 'broken' | 'wrong';
const RULES: Readonly<Record<Kind, readonly Rule[]>> = {
  good: [],
  absent: [{ status: 404, body: '' }],
  broken: [{ status: 500, body: '' }],
  wrong: [flippedByte('/blobs/', 3), flippedByte('/manifests/', 3)],
};

interface MirroredWorld extends RemoteWorld {
  readonly mirrors: readonly ScriptedRegistry[];
}

/** A registry with mirrors of these kinds, all stocked under the prefix `cache/`. */
async function mirrored(
  t: TestContext,
  kinds: readonly (Kind | readonly Rule[])[],
  options: { readonly origin?: readonly Rule[]; readonly limits?: Record<string, number> } = {},
): Promise<MirroredWorld> {
  const cleanups: (() => unknown)[] = [];
  const after = { after: (work: () => unknown): void => void cleanups.push(work) };
  const mirrors = await Promise.all(
    kinds.map((kind) => scriptedRegistry(after, typeof kind === 'string' ? RULES[kind] : kind)),
  );
  const registry = await scriptedRegistry(after, options.origin);
  const transport = openTransport({
    registries: { [registry.address]: { mirrors: mirrors.map(({ address }) => `${address}/cache`) } },
  });
  t.after(async () => {
    await transport[Symbol.asyncDispose]();
    for (const work of cleanups) await work();
  });
  const limits = { retries: 1, ...options.limits };
  const world = worldOf(registry, transport, { limits });
  for (const one of [world, ...mirrors.map((mirror) => ({ ...world, registry: mirror }))]) {
    const name = one.registry === registry ? 'team/app' : 'cache/team/app';
    await stockBlob(one, BLOB, name);
    await stockBlob(one, EMPTY, name);
    await stockManifest(one, MANIFEST, 'v1', name);
  }
  return { ...world, mirrors };
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

for (const kinds of permutations<Kind>(['absent', 'broken', 'wrong'])) {
  test(`F10: mirrors that are ${kinds.join(', ')} lead to the registry, by tag, by digest and for blobs`, async (t) => {
    for (const limits of [{}, { mirrorHeldBytes: BLOB.what.size }]) {
      const world = await mirrored(t, kinds, { limits });
      const byDigest = await world.repository.resolve(world.ref(`@${MANIFEST.what.digest}`), world.op);
      assert.deepEqual(byDigest, MANIFEST.what);
      assert.equal((await world.repository.resolve(world.ref(':v1'), world.op)).digest, MANIFEST.what.digest);
      assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
      assert.ok(world.mirrors.every((mirror) => mirror.log.count('GET') === 3));
      assert.equal(world.registry.log.count('GET'), 3);
      const told = world.warnings();
      assert.equal(told.filter((message) => message.includes('CONTENT_DIGEST_MISMATCH')).length, 3);
      assert.equal(told.filter((message) => message.includes('REGISTRY_UNAVAILABLE')).length, 3);
      assert.equal(told.length, 6);
    }
  });
}

test('F10: a good mirror spares the registry', async (t) => {
  const world = await mirrored(t, ['absent', 'good', 'broken']);
  const found = await world.repository.resolve(world.ref(':v1'), world.op);
  await collect(world.repository.open(found, world.op));
  await collect(world.repository.open(BLOB.what, world.op));
  await world.repository.peek(world.ref(':v1'), world.op);
  assert.equal(world.registry.connections(), 0);
  assert.equal(world.mirrors[2]?.connections(), 0);
});

test('F10: a mirror that cannot be reached is not waited for again', async (t) => {
  const world = await mirrored(t, [[{ cut: 'none' }], 'good']);
  for (const _ of [1, 2]) {
    await world.repository.resolve(world.ref(':v1'), world.op);
    await collect(world.repository.open(BLOB.what, world.op));
  }
  assert.equal(world.mirrors[0]?.log.count('GET'), 1);
  assert.equal(world.warnings().length, 1);
  assert.equal(world.registry.connections(), 0);
});

test('F10: a large blob is finished by the next mirror from the same byte on', async (t) => {
  const cut: Rule[] = [{ path: '/blobs/', cut: 7000 }];
  const world = await mirrored(t, [cut, cut, 'good'], { limits: { mirrorHeldBytes: BLOB.what.size - 1 } });
  assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
  const asked = world.mirrors.map((mirror) => mirror.log.requests.map((request) => request.headers.range));
  assert.deepEqual(asked, [[undefined], ['bytes=7000-'], ['bytes=14000-']]);
  assert.equal(world.registry.connections(), 0);
});

test('F10: wrong bytes of a large blob are an error once, and the mirror is not asked again', async (t) => {
  const longer: Rule[] = [{ path: '/blobs/', contentLength: 'chunked', alter: (body) => Buffer.concat([body, body]) }];
  for (const kind of ['wrong', longer] as const) {
    const world = await mirrored(t, [kind], { limits: { mirrorHeldBytes: BLOB.what.size - 1 } });
    await assert.rejects(collect(world.repository.open(BLOB.what, world.op)), {
      code: 'CONTENT_DIGEST_MISMATCH',
      retryable: true,
    });
    assert.equal(world.warnings().length, 1);
    assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
    assert.equal(world.mirrors[0]?.log.count('GET'), 1);
  }
});

test('F10: mirrorHeldBytes at n-1, n and n+1', async (t) => {
  for (const [held, seen] of [
    [BLOB.what.size - 1, false],
    [BLOB.what.size, true],
    [BLOB.what.size + 1, true],
  ] as const) {
    const world = await mirrored(t, ['wrong'], { limits: { mirrorHeldBytes: held } });
    const read = collect(world.repository.open(BLOB.what, world.op));
    if (seen) assert.deepEqual(await read, BLOB.bytes);
    else await assert.rejects(read, { code: 'CONTENT_DIGEST_MISMATCH' });
  }
});

test('F10: when all fail, the error is the registry’s own; its wrong bytes stay an error', async (t) => {
  const down = await mirrored(t, ['broken'], { origin: [{ status: 403, body: '' }] });
  await assert.rejects(down.repository.resolve(down.ref(':v1'), down.op), { code: 'REGISTRY_DENIED' });
  const wrong = await mirrored(t, ['absent'], { origin: RULES.wrong });
  await assert.rejects(collect(wrong.repository.open(BLOB.what, wrong.op)), {
    code: 'CONTENT_DIGEST_MISMATCH',
    retryable: false,
  });
});

test('F10: a mirror gets neither writes nor the list of tags, and the credentials are its own', async (t) => {
  const world = await mirrored(t, ['good']);
  const [mirror] = world.mirrors;
  const asked: string[] = [];
  const authorities = new Map([
    [mirror?.address, 'mirror'],
    [world.registry.address, 'registry'],
  ]);
  const transport = openTransport({
    registries: { [world.registry.address]: { mirrors: [`${mirror?.address}/cache`] } },
    credentials: {
      credentialFor: async (origin, repository) => {
        asked.push(`${authorities.get(new URL(origin).host)} ${repository}`);
        return undefined;
      },
    },
  });
  const { repository, op, ref } = worldOf(world.registry, transport, { limits: { retries: 1 } });
  mirror?.script([{ status: 401, body: '', headers: { 'www-authenticate': 'Basic realm="m"' } }]);
  await repository.resolve(ref(':v1'), op);
  await all(repository.tags(op));
  await repository.tag(MANIFEST.what, 'v2', op);
  await repository.pushBlob(
    blob('new').what,
    async function* () {
      yield Buffer.from('new');
    },
    op,
  );
  await repository.delete({ tag: 'v2' }, op);
  await transport[Symbol.asyncDispose]();
  assert.deepEqual(asked, ['mirror cache/team/app']);
  assert.equal(mirror?.log.count(), 1);
});

test('F10: referrers come from the first mirror that has some, else from the registry', async (t) => {
  const world = await mirrored(t, ['good', 'good']);
  const signature = manifest({ artifactType: 'application/vnd.acme.signature', subject: plain(MANIFEST.what) });
  await stockManifest(world, signature);
  const find = () => world.repository.referrers(MANIFEST.what, undefined, world.op);
  const fromRegistry = await find();
  assert.deepEqual(
    [fromRegistry.descriptors.map(({ digest }) => digest), fromRegistry.complete],
    [[signature.what.digest], true],
  );

  const second = { ...world, registry: world.mirrors[1] ?? assert.fail() };
  await stockManifest(second, signature, undefined, 'cache/team/app');
  world.registry.log.clear();
  const fromMirror = await find();
  assert.deepEqual(
    [fromMirror.descriptors.map(({ digest }) => digest), fromMirror.complete],
    [[signature.what.digest], false],
  );
  assert.equal(world.registry.log.count(), 0);
  assert.deepEqual(world.warnings(), []);
});

test('F10: cancellation is not a failure of the mirror', async (t) => {
  const world = await mirrored(t, [[{ stall: 'head' }]]);
  const controller = new AbortController();
  const reading = world.repository.resolve(world.ref(':v1'), {
    ...world.op,
    signal: controller.signal,
  });
  setImmediate(() => controller.abort());
  await assert.rejects(reading, { name: 'AbortError' });
  assert.equal(world.registry.connections(), 0);
});

test('B7: the digest decides over what a mirror has under the tag', async (t) => {
  const world = await mirrored(t, ['good']);
  const mirror = { ...world, registry: world.mirrors[0] ?? assert.fail() };
  await stockManifest(mirror, OTHER, 'v1', 'cache/team/app');
  const found = await world.repository.resolve(world.ref(`:v1@${MANIFEST.what.digest}`), world.op);
  assert.equal(found.digest, MANIFEST.what.digest);
});

test('a mirror that is not written host[:port][/prefix] is refused when the repository is opened', async (t) => {
  const world = await mirrored(t, []);
  for (const mirror of [
    'mirror',
    'user/prefix',
    'https://mirror.example',
    'mirror.example/UPPER',
    'mirror.example:x',
    '',
  ]) {
    const transport = openTransport({ registries: { [world.registry.address]: { mirrors: [mirror] } } });
    assert.throws(() => worldOf(world.registry, transport), { code: 'REFERENCE_INVALID' }, mirror);
  }
});

test('F10: places are asked in order in place of the registry, each through its own transport', async (t) => {
  const world = await mirrored(t, ['absent', 'good']);
  const places = world.mirrors.map((mirror) => {
    const transport = openTransport({ registries: { [mirror.address]: { plainHttp: true } } });
    t.after(() => transport[Symbol.asyncDispose]());
    return { transport, registry: mirror.address, repository: 'cache/team/app' };
  });
  const repository = openRepository(world.ref(':v1'), world.transport, { places });
  assert.equal(repository.name, world.repository.name);
  const found = await repository.resolve(world.ref(':v1'), world.op);
  assert.deepEqual(found, MANIFEST.what);
  assert.deepEqual(await collect(repository.open(BLOB.what, world.op)), BLOB.bytes);
  assert.equal(world.registry.connections(), 0);
  const [first] = places;
  assert.ok(first);
  const last = openRepository(world.ref(':v1'), world.transport, { places: [first] });
  await assert.rejects(last.resolve(world.ref(':v1'), world.op), { code: 'REGISTRY_NOT_FOUND' });
  assert.equal(world.registry.connections(), 0);
});
