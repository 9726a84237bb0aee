import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Rule, withoutReferrers } from '@gantry/testkit';
import type { Op } from '../op.ts';
import { openTransport } from '../transport/open-transport.ts';
import { openRepository } from './open-repository.ts';
import {
  all,
  blob,
  collect,
  EMPTY,
  manifest,
  pieces,
  plain,
  type RemoteWorld,
  remoteWorld,
  stockBlob,
  stockManifest,
  worldOf,
} from './remote-world.fixture.ts';

const SUBJECT = manifest({ annotations: { it: 'is the subject' } });
const LATER = manifest({ subject: plain(SUBJECT.what), artifactType: 'application/vnd.acme.sbom' });
const REFERRER = manifest({ subject: plain(SUBJECT.what), artifactType: 'application/vnd.acme.signature' });

test('a repository is opened by name or by reference, without a request', async () => {
  await using transport = openTransport({});
  assert.equal(openRepository('registry.example:5000/team/app', transport).name, 'registry.example:5000/team/app');
  assert.equal(openRepository('alpine', transport).name, 'docker.io/library/alpine');
  const reference = { kind: 'registry', registry: 'a.example', repository: 'b', tag: 'v1' } as const;
  assert.equal(openRepository(reference, transport).name, 'a.example/b');
  assert.throws(() => openRepository('oci-layout:dir', transport), { code: 'REFERENCE_UNSUPPORTED' });
  assert.throws(() => openRepository('UPPER/case', transport), { code: 'REFERENCE_INVALID' });
});

test('disposing a repository leaves the transport open', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, SUBJECT, 'v1');
  await world.repository[Symbol.asyncDispose]();
  const again = openRepository(world.ref(''), world.transport);
  assert.deepEqual(await again.resolve(world.ref(':v1')), SUBJECT.what);
});

test('1,000 blobs of 4 KiB are pushed and pulled with the fewest requests there can be', async (t) => {
  const blobs = Array.from({ length: 1000 }, (_, index) => blob(Buffer.alloc(4096, `blob ${index} `)));
  const parent = manifest({ layers: blobs.map(({ what }) => plain(what)) });
  for (const [upload, requestsPerBlob] of [
    ['monolithic', 2],
    ['single-post', 1],
  ] as const) {
    const world = await remoteWorld(t, [], { settings: { upload } });
    const { repository, op, registry } = world;
    await stockBlob(world, EMPTY);
    await Promise.all(blobs.map(({ what, bytes }) => repository.pushBlob(what, pieces(bytes), op)));
    await repository.pushManifest(parent.what, parent.bytes, { tag: 'v1' }, op);
    assert.equal(registry.log.count(), 1000 * requestsPerBlob + 1);

    registry.log.clear();
    const reader = openRepository(repository.name, world.transport);
    const found = await reader.resolve(world.ref(':v1'), op);
    await collect(reader.open(found, op));
    const pulled = await Promise.all(blobs.map(({ what }) => collect(reader.open(what, op))));
    assert.deepEqual(pulled[999], blobs[999]?.bytes);
    assert.equal(registry.log.count(), 1001);
    assert.ok(registry.connections() <= 8);
  }
});

const LARGE = blob(Buffer.alloc(600 * 1024, 'x'));
const OPERATIONS: readonly { readonly name: string; readonly run: (world: RemoteWorld, op: Op) => Promise<unknown> }[] =
  [
    { name: 'resolve', run: ({ repository, ref }, op) => repository.resolve(ref(':v1'), op) },
    { name: 'peek', run: ({ repository, ref }, op) => repository.peek(ref(':v1'), op) },
    { name: 'open', run: ({ repository }, op) => collect(repository.open(EMPTY.what, op)) },
    { name: 'pushBlob', run: ({ repository }, op) => repository.pushBlob(LARGE.what, pieces(LARGE.bytes), op) },
    {
      name: 'pushManifest',
      run: ({ repository }, op) => repository.pushManifest(LATER.what, LATER.bytes, {}, op),
    },
    { name: 'referrers', run: ({ repository }, op) => repository.referrers(SUBJECT.what, 'a/b', op) },
    { name: 'tags', run: ({ repository }, op) => all(repository.tags(op)) },
    { name: 'delete', run: ({ repository }, op) => repository.delete(REFERRER.what, op) },
  ];

/** A registry without referrers API that has what the operations need; `rules` apply from here on. */
async function stocked(t: TestContext, rules: readonly Rule[] = []): Promise<RemoteWorld> {
  const world = await remoteWorld(t, withoutReferrers());
  await stockBlob(world, EMPTY);
  await stockManifest(world, SUBJECT, 'v1');
  await world.repository.pushManifest(REFERRER.what, REFERRER.bytes, {}, world.op);
  const fresh = worldOf(world.registry, world.transport);
  world.registry.script([...withoutReferrers(), ...rules]);
  world.registry.log.clear();
  return fresh;
}

for (const { name, run } of OPERATIONS) {
  test(`F12: ${name} ends with the reason of the signal at whichever request it is cancelled`, async (t) => {
    const calm = await stocked(t);
    await run(calm, calm.op);
    const requests = calm.registry.log.count();
    assert.ok(requests > 0);
    for (let nth = 1; nth <= requests; nth += 1) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const cancel = (url: string): string => {
        if (world.registry.log.count() === nth) controller.abort(reason);
        return url;
      };
      const world = await stocked(t, [{ nth, stall: 'head', rewrite: cancel }]);
      await assert.rejects(
        run(world, { ...world.op, signal: controller.signal }),
        reason,
        `request ${nth} of ${requests}`,
      );
      assert.equal(world.registry.log.count(), nth);
    }
  });
}
