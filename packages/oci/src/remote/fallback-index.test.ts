import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Rule, withoutReferrers } from '@gantry/testkit';
import { digestOf } from '../digest.ts';
import { MediaType } from '../media-types.ts';
import { fallbackTag } from './fallback-index.ts';
import {
  type Content,
  documentOf,
  EMPTY,
  manifest,
  plain,
  type RemoteWorld,
  remoteWorld,
  stockBlob,
  stockManifest,
} from './remote-world.fixture.ts';

const SUBJECT = manifest({ annotations: { it: 'is the subject' } });
const OTHER = manifest({ annotations: { by: 'somebody else' } });
const TAG = fallbackTag(SUBJECT.what.digest);
const TYPE = 'application/vnd.acme.signature';

function referrer(note: string, extra: Record<string, unknown> = { artifactType: TYPE }): Content {
  return manifest({ subject: plain(SUBJECT.what), annotations: { note }, ...extra });
}

async function push(world: RemoteWorld, content: Content): Promise<void> {
  await stockBlob(world, EMPTY);
  await world.repository.pushManifest(content.what, content.bytes, {}, world.op);
}

interface Listed {
  readonly manifests: readonly {
    readonly digest: string;
    readonly artifactType?: string;
    readonly annotations?: unknown;
  }[];
  readonly [key: string]: unknown;
}

async function listed(world: RemoteWorld): Promise<Listed> {
  const digest = (await world.registry.storage.tag('team/app', TAG)) ?? assert.fail('no fallback tag');
  const found = (await world.registry.storage.manifest('team/app', digest)) ?? assert.fail('no manifest');
  assert.equal(found.mediaType, MediaType.imageIndex);
  return JSON.parse(Buffer.from(found.bytes).toString());
}

test('the tag of a subject: algorithm and the first 64 digits', () => {
  const bytes = Buffer.from('x');
  assert.equal(fallbackTag(digestOf(bytes)), digestOf(bytes).replace(':', '-'));
  const long = digestOf(bytes, 'sha512');
  assert.equal(fallbackTag(long), `sha512-${long.slice(7, 71)}`);
});

test('without OCI-Subject the list is read, merged, written and read back', async (t) => {
  const world = await remoteWorld(t, withoutReferrers());
  const [one, two] = [referrer('one'), referrer('two', {})];
  await push(world, one);
  assert.deepEqual(world.asked(), [
    `PUT manifests/${one.what.digest}`,
    `GET manifests/${TAG}`,
    `PUT manifests/${TAG}`,
    `GET manifests/${TAG}`,
  ]);
  await push(world, two);
  await push(world, two);
  assert.deepEqual(await listed(world), {
    schemaVersion: 2,
    mediaType: MediaType.imageIndex,
    manifests: [
      { ...plain(one.what), artifactType: TYPE, annotations: { note: 'one' } },
      { ...plain(two.what), artifactType: MediaType.empty, annotations: { note: 'two' } },
    ],
  });
  assert.deepEqual(world.warnings(), []);
});

test('an index that refers is listed with its own artifact type or none', async (t) => {
  const world = await remoteWorld(t, withoutReferrers());
  const base = { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [], subject: plain(SUBJECT.what) };
  const [typed, untyped] = [
    documentOf({ ...base, artifactType: TYPE }, base.mediaType),
    documentOf(base, base.mediaType),
  ];
  await push(world, typed);
  await push(world, untyped);
  assert.deepEqual(
    (await listed(world)).manifests.map((entry) => entry.artifactType),
    [TYPE, undefined],
  );
});

test('what others wrote is kept as it is', async (t) => {
  const world = await remoteWorld(t, withoutReferrers());
  const theirs = { ...plain(OTHER.what), urls: ['https://elsewhere.example/x'], 'x-unknown': { deep: [1] } };
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.imageIndex,
    manifests: [theirs],
    annotations: { kept: 'yes' },
  };
  await stockManifest(world, OTHER);
  await stockManifest(world, documentOf(document, MediaType.imageIndex), TAG);
  await push(world, referrer('ours'));
  const after = await listed(world);
  assert.deepEqual([after['annotations'], after.manifests[0], after.manifests.length], [{ kept: 'yes' }, theirs, 2]);
});

test('B9: an index that a registry gives under its own tag is not taken for a list, nor overwritten', async (t) => {
  const manifests = [plain(OTHER.what)];
  const index = documentOf({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests }, MediaType.imageIndex);
  const world = await remoteWorld(t, withoutReferrers());
  await stockManifest(world, OTHER);
  await stockManifest(world, index, fallbackTag(index.what.digest));
  const found = await world.repository.referrers(index.what, undefined, world.op);
  assert.deepEqual(found, { descriptors: [], via: 'tag', complete: false });
  assert.equal(world.warnings().length, 1);
  const one = manifest({ subject: plain(index.what), artifactType: TYPE });
  await assert.rejects(push(world, one), { code: 'REGISTRY_CONFLICT' });
});

test('B9: something that is not an index is never overwritten', async (t) => {
  const world = await remoteWorld(t, withoutReferrers());
  await stockManifest(world, SUBJECT, TAG);
  await assert.rejects(push(world, referrer('one')), { code: 'REGISTRY_CONFLICT', retryable: false });
  assert.equal(await world.registry.storage.tag('team/app', TAG), SUBJECT.what.digest);
  assert.equal(world.registry.log.count('PUT', TAG), 0);
});

/** After our first writes, somebody else's list stands under the tag. */
function overwritten(times: number, list: Content): Rule {
  return {
    method: 'GET',
    path: `/manifests/${TAG}`,
    nth: (count) => count > 1 && count <= 1 + times,
    rewrite: () => `/v2/team/app/manifests/${list.what.digest}`,
  };
}

test('B9: a writer that was faster is merged with; one that never stops is an error', async (t) => {
  const theirs = documentOf(
    { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [plain(OTHER.what)] },
    MediaType.imageIndex,
  );
  const once = await remoteWorld(t, [...withoutReferrers(), overwritten(1, theirs)]);
  await stockManifest(once, OTHER);
  await stockManifest(once, theirs);
  const ours = referrer('ours');
  await push(once, ours);
  assert.deepEqual(
    (await listed(once)).manifests.map((entry) => entry.digest),
    [OTHER.what.digest, ours.what.digest],
  );

  for (const attempts of [1, 2, 3]) {
    const always = await remoteWorld(t, [...withoutReferrers(), overwritten(2, theirs)], {
      limits: { fallbackWriteAttempts: attempts },
    });
    await stockManifest(always, OTHER);
    await stockManifest(always, theirs);
    if (attempts > 2) await push(always, ours);
    else await assert.rejects(push(always, ours), { code: 'REGISTRY_CONFLICT', retryable: true });
    assert.equal(always.registry.log.count('PUT', TAG), attempts);
  }
});

test('B9: another list that has our entry is told as a race', async (t) => {
  const ours = referrer('ours');
  const merged = documentOf(
    { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [plain(ours.what), plain(OTHER.what)] },
    MediaType.imageIndex,
  );
  const world = await remoteWorld(t, [...withoutReferrers(), overwritten(1, merged)]);
  await stockManifest(world, merged);
  await push(world, ours);
  assert.equal(world.warnings().length, 1);
});

test('referrers pushed at the same time by one process do not lose each other', async (t) => {
  const world = await remoteWorld(t, withoutReferrers());
  const all = Array.from({ length: 8 }, (_, index) => referrer(String(index)));
  await stockBlob(world, EMPTY);
  await Promise.all(all.map(({ what, bytes }) => world.repository.pushManifest(what, bytes, {}, world.op)));
  assert.equal((await listed(world)).manifests.length, 8);
  assert.equal(world.registry.log.count('PUT', TAG), 8);
});

test('a list longer than manifestBytes is not written', async (t) => {
  const world = await remoteWorld(t, withoutReferrers());
  await push(world, referrer('a'));
  const one = JSON.stringify(await listed(world)).length;
  await push(world, referrer('b'));
  const two = JSON.stringify(await listed(world)).length;
  const [three, content] = [two + two - one, referrer('c')];
  for (const manifestBytes of [three - 1, three, three + 1]) {
    const op = { ...world.op, limits: { ...world.op.limits, manifestBytes } };
    const pushed = world.repository.pushManifest(content.what, content.bytes, {}, op);
    if (manifestBytes < three) await assert.rejects(pushed, { code: 'CONTENT_LIMIT' });
    else await pushed;
    assert.equal((await listed(world)).manifests.length, manifestBytes < three ? 2 : 3);
  }
});

test('deleting a referrer takes out its entry, with and without the API', async (t) => {
  for (const rules of [withoutReferrers(), []]) {
    const world = await remoteWorld(t, rules);
    const [one, two] = [referrer('one'), referrer('two')];
    for (const content of [one, two]) await push(world, content);
    await world.repository.delete(one.what, world.op);
    const { descriptors } = await world.repository.referrers(SUBJECT.what, undefined, world.op);
    assert.deepEqual(
      descriptors.map(({ digest }) => digest),
      [two.what.digest],
    );
    await world.repository.delete(two.what, world.op);
    assert.deepEqual((await world.repository.referrers(SUBJECT.what, undefined, world.op)).descriptors, []);
  }
});
