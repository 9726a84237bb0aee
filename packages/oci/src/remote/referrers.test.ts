import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Rule, redirected, withoutFilter, withoutReferrers, withoutSubjectHeader } from '@gantry/testkit';
import type { Descriptor } from '../descriptor.ts';
import { MediaType } from '../media-types.ts';
import { openTransport } from '../transport/open-transport.ts';
import { fallbackTag } from './fallback-index.ts';
import {
  type Content,
  collect,
  documentOf,
  EMPTY,
  manifest,
  plain,
  type RemoteWorld,
  remoteWorld,
  stockBlob,
  stockManifest,
  worldOf,
} from './remote-world.fixture.ts';

const SUBJECT = manifest({ annotations: { it: 'is the subject' } });
const TAG = fallbackTag(SUBJECT.what.digest);
const SIGNATURE = 'application/vnd.acme.signature';
const SBOM = 'application/vnd.acme.sbom';

function referrer(artifactType: string, note = 'a', subject: Descriptor = SUBJECT.what): Content {
  return manifest({ artifactType, subject: plain(subject), annotations: { note } });
}

/** An index that lists referrers, as it may stand under a fallback tag. */
function listing(entries: readonly unknown[], extra: Record<string, unknown> = {}): Content {
  const document = { schemaVersion: 2, mediaType: MediaType.imageIndex, ...extra, manifests: entries };
  return documentOf(document, MediaType.imageIndex);
}

function entry(content: Content, artifactType?: string): Record<string, unknown> {
  return { ...plain(content.what), ...(artifactType === undefined ? {} : { artifactType }) };
}

async function push(world: RemoteWorld, content: Content): Promise<void> {
  await stockBlob(world, EMPTY);
  await world.repository.pushManifest(content.what, content.bytes, {}, world.op);
}

function digests({ descriptors }: { readonly descriptors: readonly Descriptor[] }): string[] {
  return descriptors.map(({ digest }) => digest).sort();
}

function digestsOf(...contents: readonly Content[]): string[] {
  return contents.map(({ what }) => what.digest).sort();
}

const [ONE, TWO, BOM] = [referrer(SIGNATURE, 'one'), referrer(SIGNATURE, 'two'), referrer(SBOM)];

test('the API lists referrers page by page, and no fallback tag is written', async (t) => {
  const world = await remoteWorld(t, [], { script: { limits: { servedPage: 2 } } });
  for (const content of [ONE, TWO, BOM]) await push(world, content);
  const found = await world.repository.referrers(SUBJECT.what, undefined, world.op);
  assert.deepEqual(digests(found), digestsOf(ONE, TWO, BOM));
  assert.deepEqual([found.via, found.complete], ['api', true]);
  assert.equal(await world.registry.storage.tag('team/app', TAG), undefined);
  assert.equal(found.descriptors.find(({ digest }) => digest === BOM.what.digest)?.artifactType, SBOM);
});

test('an artifact type is filtered by the registry, or here when it does not say so, on every page', async (t) => {
  for (const rules of [
    [],
    [withoutFilter()],
    [{ path: '/referrers/', nth: 1, headers: { 'oci-filters-applied': null } }],
  ]) {
    const world = await remoteWorld(t, rules, { script: { limits: { servedPage: 1 } } });
    for (const content of [ONE, TWO, BOM]) await push(world, content);
    const found = await world.repository.referrers(SUBJECT.what, SIGNATURE, world.op);
    assert.deepEqual(digests(found), digestsOf(ONE, TWO));
    assert.deepEqual(found.descriptors.map(({ annotations }) => annotations?.['note']).toSorted(), ['one', 'two']);
  }
});

const OFFERED_NOT: readonly { readonly name: string; readonly rules: Rule[] }[] = [
  { name: '404 as text', rules: withoutReferrers() },
  { name: '400', rules: withoutReferrers(400, '') },
  { name: '405 as JSON', rules: withoutReferrers(405, '{"errors":[{"code":"UNSUPPORTED"}]}', 'application/json') },
  { name: '406', rules: withoutReferrers(406, '') },
  { name: '200 with a web page', rules: withoutReferrers(200, '<html></html>', 'text/html') },
  { name: '200 with other JSON', rules: withoutReferrers(200, '{"ok":true}', 'application/json') },
  { name: '200 with an image manifest', rules: withoutReferrers(200, Buffer.from(SUBJECT.bytes).toString()) },
];

for (const { name, rules } of OFFERED_NOT) {
  test(`the fallback tag is used when the API answers ${name}, and that is remembered`, async (t) => {
    const world = await remoteWorld(t, rules);
    await push(world, ONE);
    await push(world, BOM);
    world.registry.log.clear();
    const found = await world.repository.referrers(SUBJECT.what, undefined, world.op);
    assert.deepEqual(digests(found), digestsOf(ONE, BOM));
    assert.deepEqual([found.via, found.complete], ['tag', true]);
    assert.deepEqual(
      found.descriptors.map((one) => [one.artifactType, one.annotations?.['note']]),
      [
        [SIGNATURE, 'one'],
        [SBOM, 'a'],
      ],
    );
    const again = worldOf(world.registry, world.transport);
    await again.repository.referrers(SUBJECT.what, undefined, again.op);
    assert.equal(world.registry.log.count('GET', '/referrers/'), 1);
    const filtered = await again.repository.referrers(SUBJECT.what, SBOM, again.op);
    assert.deepEqual(digests(filtered), digestsOf(BOM));
  });
}

test('the fallback tag is used when the API redirects to another origin, which is not asked', async (t) => {
  const front = await remoteWorld(t);
  const targets = [
    front.registry.url,
    'http://169.254.169.254/',
    'https://sso.example/login',
    'ftp://registry.example/',
  ];
  for (const target of targets) {
    const world = await remoteWorld(t, [redirected('/referrers/', target), withoutSubjectHeader()]);
    await push(world, ONE);
    const found = await world.repository.referrers(SUBJECT.what, undefined, world.op);
    assert.deepEqual([digests(found), found.via], [digestsOf(ONE), 'tag'], target);
  }
  assert.equal(front.registry.connections(), 0);
});

test('a redirect within the origin is followed, but not for ever', async (t) => {
  const world = await remoteWorld(t, [{ ...redirected('/referrers/', '?moved=1'), nth: 1 }]);
  await push(world, ONE);
  const found = await world.repository.referrers(SUBJECT.what, undefined, world.op);
  assert.deepEqual([digests(found), found.via], [digestsOf(ONE), 'api']);
  for (const [redirects, code] of [
    [2, 'REGISTRY_LIMIT'],
    [3, undefined],
    [4, undefined],
  ] as const) {
    const chain = await remoteWorld(t, [{ ...redirected('/referrers/', '?again=1'), nth: [1, 2, 3] }], {
      limits: { redirects },
    });
    const listed = chain.repository.referrers(SUBJECT.what, undefined, chain.op);
    if (code === undefined) await listed;
    else await assert.rejects(listed, { code });
  }
});

test('a registry that cannot be asked is an error, never an empty list', async (t) => {
  const cases = [
    [401, 'REGISTRY_UNAUTHORIZED'],
    [403, 'REGISTRY_DENIED'],
    [429, 'REGISTRY_RATE_LIMITED'],
    [500, 'REGISTRY_UNAVAILABLE'],
    [503, 'REGISTRY_UNAVAILABLE'],
  ] as const;
  for (const path of ['/referrers/', `/manifests/${TAG}`]) {
    for (const [status, code] of cases) {
      const world = await remoteWorld(t, [{ path, status, body: '' }], { limits: { retries: 1 } });
      await push(world, ONE);
      await assert.rejects(
        world.repository.referrers(SUBJECT.what, undefined, world.op),
        { code },
        `${path} ${status}`,
      );
    }
  }
});

test('a repository that is not there yet does not stand for a registry without the API', async (t) => {
  const unknown = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN' }] });
  const world = await remoteWorld(t, [{ path: '/referrers/', nth: 1, status: 404, body: unknown }]);
  assert.deepEqual(digests(await world.repository.referrers(SUBJECT.what, undefined, world.op)), []);
  await push(world, ONE);
  assert.deepEqual(digests(await world.repository.referrers(SUBJECT.what, undefined, world.op)), digestsOf(ONE));
});

test('B9: an API that is there but empty does not hide what the fallback tag lists; both are merged', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, ONE);
  await stockManifest(world, listing([entry(ONE, SIGNATURE), entry(TWO, SIGNATURE)]), TAG);
  await stockManifest(world, documentOf(JSON.parse(String(Buffer.from(TWO.bytes))), MediaType.imageManifest));
  const found = await world.repository.referrers(SUBJECT.what, undefined, world.op);
  assert.deepEqual([digests(found), found.via, found.complete], [digestsOf(ONE, TWO), 'both', true]);

  world.registry.script([
    {
      path: '/referrers/',
      status: 200,
      body: JSON.stringify({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: null }),
    },
  ]);
  const hidden = await world.repository.referrers(SUBJECT.what, undefined, world.op);
  assert.deepEqual([digests(hidden), hidden.via], [digestsOf(ONE, TWO), 'both']);
});

test('B9: a listing that lies about the artifact type or the subject is not believed', async (t) => {
  const foreign = referrer(SIGNATURE, 'of another', EMPTY.what);
  const cases: readonly { name: string; entries: Record<string, unknown>[]; found: Content[]; complete?: boolean }[] = [
    { name: 'wrong type', entries: [entry(ONE, SBOM)], found: [ONE] },
    { name: 'no type', entries: [entry(ONE), entry(BOM)], found: [ONE] },
    { name: 'claims the type without having it', entries: [entry(BOM, SIGNATURE), entry(ONE, 'x/y')], found: [ONE] },
    { name: 'another subject', entries: [entry(foreign, SIGNATURE), entry(ONE, SIGNATURE)], found: [ONE] },
    { name: 'no subject', entries: [entry(SUBJECT, SIGNATURE)], found: [] },
    { name: 'gone', entries: [entry(TWO, SIGNATURE), entry(ONE, SIGNATURE)], found: [ONE], complete: false },
    { name: 'twice', entries: [entry(ONE, SIGNATURE), entry(ONE, SIGNATURE)], found: [ONE] },
  ];
  for (const { name, entries, found, complete = true } of cases) {
    for (const rules of [withoutReferrers(), []]) {
      const world = await remoteWorld(t, rules);
      const list = listing(entries);
      for (const content of [ONE, BOM, foreign, SUBJECT]) {
        await world.registry.storage.putManifest('team/app', { ...content.what, bytes: content.bytes });
      }
      if (rules.length > 0) await stockManifest(world, list, TAG);
      else
        world.registry.script([
          { path: '/referrers/', status: 200, body: list.bytes, headers: { 'content-type': MediaType.imageIndex } },
        ]);
      const result = await world.repository.referrers(SUBJECT.what, SIGNATURE, world.op);
      assert.deepEqual([digests(result), result.complete], [digestsOf(...found), complete], name);
    }
  }
});

test('B9: a filter that hides everything is asked again without it', async (t) => {
  const list = listing([entry(ONE, 'wrong/type')]);
  const world = await remoteWorld(t);
  await stockManifest(world, ONE);
  world.registry.script([
    {
      path: '/referrers/',
      nth: 1,
      status: 200,
      body: listing([]).bytes,
      headers: { 'oci-filters-applied': 'artifactType', 'content-type': MediaType.imageIndex },
    },
    { path: '/referrers/', nth: 2, status: 200, body: list.bytes, headers: { 'content-type': MediaType.imageIndex } },
  ]);
  assert.deepEqual(digests(await world.repository.referrers(SUBJECT.what, SIGNATURE, world.op)), digestsOf(ONE));
  const queries = world.registry.log.requests
    .filter(({ path }) => path.includes('/referrers/'))
    .map(({ query }) => query);
  assert.deepEqual(queries, [`artifactType=${encodeURIComponent(SIGNATURE)}`, '']);
});

test('B9: what was opened to be judged is not asked for again', async (t) => {
  const world = await remoteWorld(t);
  await push(world, ONE);
  const reader = worldOf(world.registry, world.transport);
  world.registry.log.clear();
  const { descriptors } = await reader.repository.referrers(SUBJECT.what, SIGNATURE, reader.op);
  for (const found of descriptors) await collect(reader.repository.open(found, reader.op));
  assert.deepEqual(reader.asked(), [
    `GET manifests/${TAG}`,
    `GET referrers/${SUBJECT.what.digest}`,
    `GET manifests/${ONE.what.digest}`,
  ]);
});

test('B9: referrersOpened at n-1, n and n+1 bounds what is opened; the rest is told', async (t) => {
  for (const [referrersOpened, found, complete] of [
    [1, 1, false],
    [2, 2, true],
    [3, 2, true],
  ] as const) {
    const world = await remoteWorld(t, [], { limits: { referrersOpened } });
    for (const content of [ONE, TWO]) await push(world, content);
    const result = await world.repository.referrers(SUBJECT.what, SIGNATURE, world.op);
    assert.deepEqual([result.descriptors.length, result.complete], [found, complete]);
    assert.equal(world.warnings().length, complete ? 0 : 1);
  }
});

test('B9: 10,000 referrers are listed, and one more is an error', async (t) => {
  const entries = Array.from({ length: 10_001 }, (_, index) => ({
    mediaType: MediaType.imageManifest,
    digest: `sha256:${index.toString(16).padStart(64, '0')}`,
    size: 2,
  }));
  for (const count of [9_999, 10_000, 10_001]) {
    const pages = [entries.slice(0, 5000), entries.slice(5000, count)];
    const world = await remoteWorld(
      t,
      pages.map((page, index) => ({
        path: '/referrers/',
        nth: index + 1,
        status: 200,
        body: listing(page).bytes,
        headers: { 'content-type': MediaType.imageIndex, ...(index === 0 ? { link: '<?p=2>; rel=next' } : {}) },
      })),
    );
    const listed = world.repository.referrers(SUBJECT.what, undefined, world.op);
    if (count <= 10_000) assert.equal((await listed).descriptors.length, count);
    else await assert.rejects(listed, { code: 'REGISTRY_LIMIT' });
  }
});

test('A6: pages of referrers stay on the origin, end, and are all indexes', async (t) => {
  const page = (link: string, nth: number, body: Uint8Array | string = listing([]).bytes): Rule => ({
    path: '/referrers/',
    nth,
    status: 200,
    body,
    headers: { 'content-type': MediaType.imageIndex, link },
  });
  const cases: readonly [Rule[], string][] = [
    [[page('<http://169.254.169.254/>; rel=next', 1)], 'REGISTRY_REDIRECT_REFUSED'],
    [[page('<?>; rel=next', 1), page('<?>; rel=next', 2)], 'REGISTRY_PROTOCOL'],
    [[page('<?p=2>; rel=next', 1), page('', 2, '{}')], 'REGISTRY_PROTOCOL'],
  ];
  for (const [rules, code] of cases) {
    const world = await remoteWorld(t, rules);
    await assert.rejects(world.repository.referrers(SUBJECT.what, undefined, world.op), { code });
  }
});

test('a malformed entry of an index is an error', async (t) => {
  const world = await remoteWorld(t);
  await stockManifest(world, listing([{ mediaType: MediaType.imageManifest, digest: 'sha256:zz', size: 1 }]), TAG);
  await assert.rejects(world.repository.referrers(SUBJECT.what, undefined, world.op), { code: 'CONTENT_INVALID' });
});

test('something else under the fallback tag is told, and makes the list incomplete where there is no API', async (t) => {
  for (const [rules, complete] of [
    [withoutReferrers(), false],
    [[], true],
  ] as const) {
    const world = await remoteWorld(t, rules);
    await stockManifest(world, SUBJECT, TAG);
    const found = await world.repository.referrers(SUBJECT.what, undefined, world.op);
    assert.deepEqual([found.descriptors, found.complete, world.warnings().length], [[], complete, 1]);
  }
});

test('what is known about a registry belongs to a transport', async (t) => {
  const world = await remoteWorld(t, withoutReferrers());
  await world.repository.referrers(SUBJECT.what, undefined, world.op);
  await using transport = openTransport({});
  const other = worldOf(world.registry, transport);
  await other.repository.referrers(SUBJECT.what, undefined, other.op);
  assert.equal(world.registry.log.count('GET', '/referrers/'), 2);
});

test('B3: the header of a fallback list must agree with its bytes', async (t) => {
  const lying = { 'docker-content-digest': manifest({ annotations: { other: '1' } }).what.digest };
  const list = documentOf({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [] }, MediaType.imageIndex);
  const world = await remoteWorld(t, [
    ...withoutReferrers(),
    { path: '/manifests/sha256-', status: 200, body: list.bytes, headers: lying },
  ]);
  const subject = manifest().what;
  await assert.rejects(world.repository.referrers(subject, undefined, world.op), { code: 'CONTENT_DIGEST_MISMATCH' });
});
