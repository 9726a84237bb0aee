import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { publishArtifact, tempDir, withoutReferrers } from '@gantry/testkit';
import { openLayout } from '../layout/open-layout.ts';
import { memoryRepository } from '../memory-repository.ts';
import { parseReference } from '../reference.ts';
import { openRepository } from '../remote/open-repository.ts';
import {
  blob,
  EMPTY,
  manifest,
  plain,
  type RemoteWorld,
  remoteWorld,
  stockBlob,
  stockManifest,
  worldOf,
} from '../remote/remote-world.fixture.ts';
import { copyGraph } from './copy-graph.ts';

const BLOBS = 20;
const LAYERS = Array.from({ length: BLOBS }, (_, at) => ({ content: `layer ${at}` }));

/** How many requests of each kind were made. */
function counted(world: RemoteWorld): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, path } of world.registry.log.requests) {
    const kind = `${method} ${/\/(manifests|blobs\/uploads|blobs|referrers)(?:\/|$)/.exec(path)?.[1] ?? path}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

test('pushing to a registry takes two requests for a small blob and one for the manifest', async (t) => {
  const source = memoryRepository();
  const { descriptor } = await publishArtifact(source, { layers: LAYERS });
  const target = await remoteWorld(t);
  await copyGraph(source, target.repository, descriptor, { tag: 'v1' }, target.op);
  assert.deepEqual(counted(target), {
    'POST blobs/uploads': BLOBS + 1,
    'PUT blobs/uploads': BLOBS + 1,
    'PUT manifests': 1,
  });
  assert.equal((await target.repository.resolve(target.ref(':v1'))).digest, descriptor.digest);
});

test('pulling from a registry takes one request for each content, that of the tag included', async (t) => {
  const source = await remoteWorld(t);
  const seed = memoryRepository();
  const { descriptor } = await publishArtifact(seed, { layers: LAYERS });
  await copyGraph(seed, source.repository, descriptor, { tag: 'v1' });
  source.registry.log.clear();
  const { repository } = worldOf(source.registry, source.transport);
  const root = await repository.resolve(source.ref(':v1'));
  await copyGraph(repository, memoryRepository('target'), root, {}, source.op);
  assert.deepEqual(counted(source), { 'GET manifests': 1, 'GET blobs': BLOBS + 1 });
});

test('within a registry every blob is mounted with one request and none is read', async (t) => {
  const source = await remoteWorld(t);
  const { descriptor } = await publishArtifact(source.repository, { layers: LAYERS, tag: 'v1' });
  const target = worldOf(source.registry, source.transport, { name: 'other/place' });
  source.registry.log.clear();
  const { repository } = worldOf(source.registry, source.transport);
  const root = await repository.resolve(source.ref(':v1'));
  await copyGraph(repository, target.repository, root, { tag: 'v2' }, target.op);
  assert.deepEqual(counted(source), { 'GET manifests': 1, 'POST blobs/uploads': BLOBS + 1, 'PUT manifests': 1 });
  assert.equal((await target.repository.resolve(target.ref(':v2'))).digest, descriptor.digest);
});

for (const [name, rules] of [
  ['with the referrers API', []],
  ['without it', withoutReferrers()],
] as const) {
  test(`an index with its referrers goes registry, layout, registry and stays the same, ${name}`, async (t) => {
    const first = await remoteWorld(t, rules);
    const { descriptor, platforms } = await publishArtifact(first.repository, {
      platforms: { 'linux/amd64': { layers: LAYERS.slice(0, 2) }, 'linux/arm64': { layers: LAYERS.slice(1, 3) } },
      tag: 'v1',
    });
    const child = platforms['linux/amd64']?.descriptor;
    assert.ok(child);
    const signature = { artifactType: 'application/vnd.test.signature', layers: [{ content: 'sig' }] };
    const signed = await publishArtifact(first.repository, { ...signature, subject: descriptor });
    const signedChild = await publishArtifact(first.repository, { ...signature, subject: child });

    const directory = join(await tempDir(t), 'layout');
    const layout = await openLayout(directory, { create: true });
    await copyGraph(first.repository, layout, descriptor, { tag: 'v1', referrers: true }, first.op);
    const last = await remoteWorld(t, rules);
    const root = await layout.resolve(parseReference(`oci-layout:${directory}:v1`));
    await copyGraph(layout, last.repository, root, { tag: 'v2', referrers: true }, last.op);

    assert.equal((await last.repository.resolve(last.ref(':v2'))).digest, descriptor.digest);
    for (const [subject, referrer] of [
      [descriptor, signed.descriptor],
      [child, signedChild.descriptor],
    ] as const) {
      const { descriptors } = await last.repository.referrers(subject, signature.artifactType, last.op);
      assert.deepEqual(
        descriptors.map(({ digest }) => digest),
        [referrer.digest],
      );
    }
    await layout[Symbol.asyncDispose]();
  });
}

test('more blobs than connections move within a registry that does not mount: sending does not wait for itself', async (t) => {
  const world = await remoteWorld(t, [{ method: 'POST', rewrite: (url) => url.replace(/\?.*/, '') }], {
    limits: { connectionsPerOrigin: 2, parallelTransfers: 12, operationTimeout: 10_000 },
  });
  const layers = Array.from({ length: 24 }, (_, index) => blob(`layer ${index}`));
  const image = manifest({ layers: layers.map(({ what }) => plain(what)) });
  for (const content of [...layers, EMPTY]) await stockBlob(world, content);
  await stockManifest(world, image);
  const target = openRepository(`${world.registry.address}/team/copy`, world.transport);
  await copyGraph(world.repository, target, image.what, { tag: 'v1' }, world.op);
  assert.ok(await target.has(image.what));
});
