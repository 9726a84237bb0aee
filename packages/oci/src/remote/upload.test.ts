import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Rule } from '@gantry/testkit';
import type { RegistrySettings } from '../transport/transport.ts';
import { blob, type Content, EMPTY, pieces, type RemoteWorld, remoteWorld, stockBlob } from './remote-world.fixture.ts';

const BLOB = blob(randomBytes(50_000));
const MODES = ['monolithic', 'single-post', 'chunked'] as const satisfies readonly RegistrySettings['upload'][];

function push(world: RemoteWorld, { what, bytes }: Content): Promise<void> {
  return world.repository.pushBlob(what, pieces(bytes), world.op);
}

async function stored(world: RemoteWorld, { what, bytes }: Content, name = 'team/app'): Promise<void> {
  const found = await world.registry.storage.blob(name, what.digest);
  const chunks: Uint8Array[] = [];
  for await (const chunk of found?.read(0, found.size) ?? assert.fail('not stored')) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), Buffer.from(bytes));
}

function methods(world: RemoteWorld): string {
  return world.registry.log.requests.map((request) => request.method).join(' ');
}

for (const upload of MODES) {
  test(`${upload}: requests, sha512, an empty blob, one of a single byte`, async (t) => {
    const expected = { monolithic: 'POST PUT', 'single-post': 'POST', chunked: 'POST PATCH PATCH PATCH PUT' }[upload];
    const limits = { uploadChunkBytes: 20_000 };
    const world = await remoteWorld(t, [], { settings: { upload }, limits });
    await push(world, BLOB);
    await stored(world, BLOB);
    assert.equal(methods(world), expected);
    assert.ok(world.registry.log.requests.every((request) => request.headers['content-length'] !== undefined));

    world.registry.log.clear();
    const empty = blob('');
    await push(world, empty);
    await stored(world, empty);
    assert.equal(methods(world), { monolithic: 'POST PUT', 'single-post': 'POST', chunked: 'POST PUT' }[upload]);

    world.registry.log.clear();
    const tiny = blob('1');
    await push(world, tiny);
    await stored(world, tiny);
    assert.equal(methods(world), { monolithic: 'POST PUT', 'single-post': 'POST', chunked: 'POST PATCH PUT' }[upload]);

    world.registry.log.clear();
    const long = blob('sha512 too', 'sha512');
    await push(world, long);
    await stored(world, long);
    assert.match(world.registry.log.requests[0]?.query ?? '', /digest-algorithm=sha512/);
  });
}

test('a registry without single-post answers 202 and gets the PUT; the next blob is not sent in the POST', async (t) => {
  const world = await remoteWorld(t, [{ method: 'POST', rewrite: (url) => url.replace(/\?.*/, '') }], {
    settings: { upload: 'single-post' },
  });
  const second = blob('second');
  for (const content of [BLOB, second]) {
    await push(world, content);
    await stored(world, content);
  }
  assert.equal(methods(world), 'POST PUT POST PUT');
  const lengths = world.registry.log.requests.map(({ headers }) => Number(headers['content-length']));
  assert.deepEqual(lengths, [BLOB.what.size, BLOB.what.size, 0, second.what.size]);
});

test('the latest Location counts, and its query is kept as it is', async (t) => {
  const state = 'a%20b+c%2Fd=&x';
  const opaque = await remoteWorld(
    t,
    [
      { method: 'POST', status: 202, body: '', headers: { location: `/elsewhere/1?_state=${state}` } },
      {
        method: 'PATCH',
        nth: 1,
        status: 202,
        body: '',
        headers: { location: '/elsewhere/2?n=%C3%A4', range: '0-19999' },
      },
      { method: 'PATCH', nth: 2, status: 202, body: '', headers: { range: '0-39999' } },
      { method: 'PATCH', nth: 3, status: 202, body: '', headers: { location: '../last', range: '0-49999' } },
      { method: 'PUT', status: 201, body: '' },
    ],
    { settings: { upload: 'chunked' }, limits: { uploadChunkBytes: 20_000 } },
  );
  await push(opaque, BLOB);
  const digest = encodeURIComponent(BLOB.what.digest);
  assert.deepEqual(
    opaque.registry.log.requests.slice(1).map(({ path, query }) => [path, query]),
    [
      ['/elsewhere/1', `_state=${state}`],
      ['/elsewhere/2', 'n=%C3%A4'],
      ['/elsewhere/2', 'n=%C3%A4'],
      ['/last', `digest=${digest}`],
    ],
  );
});

test('A5: an upload Location that leads elsewhere is refused and gets no byte', async (t) => {
  const elsewhere = await remoteWorld(t);
  const targets = [
    `${elsewhere.registry.url}/v2/x`,
    'http://169.254.169.254/latest/meta-data',
    'https://127.0.0.1/v2/x',
    'http://10.0.0.1/v2/x',
    'ftp://127.0.0.1/x',
    '//elsewhere.example/x',
  ];
  for (const method of ['POST', 'PATCH'] as const) {
    for (const location of targets) {
      const world = await remoteWorld(t, [{ method, headers: { location } }], { settings: { upload: 'chunked' } });
      await assert.rejects(push(world, BLOB), { code: 'REGISTRY_REDIRECT_REFUSED' }, `${method} ${location}`);
    }
  }
  assert.equal(elsewhere.registry.connections(), 0);
});

test('chunks are at least OCI-Chunk-Min-Length; a minimum beyond our chunk sends the rest in one piece', async (t) => {
  const cases = [
    { minimum: '30000', chunk: 20_000, lengths: ['50000'] },
    { minimum: '10000', chunk: 20_000, lengths: ['20000', '20000', '10000'] },
    { minimum: '1000000000000', chunk: 20_000, lengths: ['50000'] },
    { minimum: 'many', chunk: 30_000, lengths: ['30000', '20000'] },
  ];
  for (const { minimum, chunk, lengths } of cases) {
    const world = await remoteWorld(t, [{ method: 'POST', headers: { 'oci-chunk-min-length': minimum } }], {
      settings: { upload: 'chunked' },
      limits: { uploadChunkBytes: chunk },
    });
    await push(world, BLOB);
    await stored(world, BLOB);
    const patches = world.registry.log.requests.filter(({ method }) => method === 'PATCH');
    assert.deepEqual(
      patches.map(({ headers }) => headers['content-length']),
      lengths,
      minimum,
    );
  }
});

test('416 goes on from the Range of the registry', async (t) => {
  const monolithic = await remoteWorld(t, [{ method: 'PUT', path: '/uploads/', nth: 1, status: 416, body: '' }]);
  await push(monolithic, BLOB);
  await stored(monolithic, BLOB);
  assert.equal(methods(monolithic), 'POST PUT GET PATCH PUT');

  const chunked = await remoteWorld(
    t,
    [{ method: 'PATCH', nth: 2, status: 416, body: '', headers: { range: '0-19999' } }],
    {
      settings: { upload: 'chunked' },
      limits: { uploadChunkBytes: 20_000 },
    },
  );
  await push(chunked, BLOB);
  await stored(chunked, BLOB);
  assert.equal(methods(chunked), 'POST PATCH PATCH PATCH PATCH PUT');

  const stubborn = await remoteWorld(t, [{ method: 'PATCH', status: 416, body: '', headers: { range: '0-0' } }], {
    settings: { upload: 'chunked' },
    limits: { retries: 3 },
  });
  await assert.rejects(push(stubborn, BLOB), { code: 'REGISTRY_PROTOCOL' });
  assert.equal(stubborn.registry.log.count('PATCH'), 3);

  const boasting = await remoteWorld(t, [{ method: 'PATCH', status: 202, body: '', headers: { range: '0-50000' } }], {
    settings: { upload: 'chunked' },
  });
  await assert.rejects(push(boasting, BLOB), { code: 'REGISTRY_PROTOCOL' });
});

test('F3: a broken PUT begins a new upload, a broken chunk goes on with the old one', async (t) => {
  const put = await remoteWorld(t, [{ method: 'PUT', nth: [1, 2], cut: 'none' }]);
  await push(put, BLOB);
  await stored(put, BLOB);
  assert.equal(methods(put), 'POST PUT POST PUT POST PUT');

  const patch = await remoteWorld(t, [{ method: 'PATCH', nth: 2, status: 503, body: '' }], {
    settings: { upload: 'chunked' },
    limits: { uploadChunkBytes: 20_000 },
  });
  await push(patch, BLOB);
  await stored(patch, BLOB);
  assert.equal(methods(patch), 'POST PATCH PATCH GET PATCH PATCH PUT');

  const forgotten = await remoteWorld(t, [{ method: 'PUT', nth: 1, status: 404, body: '' }]);
  await push(forgotten, BLOB);
  assert.equal(methods(forgotten), 'POST PUT POST PUT');

  const down = await remoteWorld(t, [{ method: 'PUT', status: 503, body: '' }], { limits: { retries: 3 } });
  await assert.rejects(push(down, BLOB), { code: 'REGISTRY_UNAVAILABLE' });
  assert.equal(methods(down), 'POST PUT POST PUT POST PUT');
});

test('what is refused is not tried again', async (t) => {
  for (const [status, code] of [
    [400, 'REGISTRY_PROTOCOL'],
    [401, 'REGISTRY_UNAUTHORIZED'],
    [403, 'REGISTRY_DENIED'],
  ] as const) {
    const world = await remoteWorld(t, [{ method: 'POST', status, body: '' }]);
    await assert.rejects(push(world, BLOB), { code });
    assert.equal(world.registry.log.count('POST'), 1);
  }
});

test('content that is not that of its descriptor is found out here', async (t) => {
  for (const upload of MODES) {
    const world = await remoteWorld(t, [], { settings: { upload } });
    const wrong = Buffer.from(BLOB.bytes).fill(0);
    await assert.rejects(push(world, { what: BLOB.what, bytes: wrong }), { code: 'CONTENT_DIGEST_MISMATCH' }, upload);
    await assert.rejects(push(world, { what: BLOB.what, bytes: wrong.subarray(1) }), { code: 'CONTENT_SIZE_MISMATCH' });
    assert.equal(await world.registry.storage.blob('team/app', BLOB.what.digest), undefined);
  }
});

test('the digest that the registry answers with is compared', async (t) => {
  const lies: Rule = { method: ['PUT', 'POST'], headers: { 'docker-content-digest': EMPTY.what.digest } };
  for (const upload of MODES) {
    const world = await remoteWorld(t, [lies], { settings: { upload } });
    await assert.rejects(push(world, BLOB), { code: 'CONTENT_DIGEST_MISMATCH' });
  }
});

test('an upload without a Location is an error', async (t) => {
  const world = await remoteWorld(t, [{ method: 'POST', headers: { location: null } }]);
  await assert.rejects(push(world, BLOB), { code: 'REGISTRY_PROTOCOL' });
});

test('a small blob is sent without asking, a large one is asked for, and neither is sent twice', async (t) => {
  const world = await remoteWorld(t);
  await push(world, BLOB);
  await push(world, BLOB);
  assert.equal(methods(world), 'POST PUT');

  world.registry.log.clear();
  const large = blob(randomBytes(512 * 1024));
  await stockBlob(world, large);
  await push(world, large);
  await push(world, large);
  assert.equal(methods(world), 'HEAD');

  world.registry.log.clear();
  const absent = blob(randomBytes(600 * 1024));
  assert.equal(await world.repository.has(absent.what, world.op), false);
  await push(world, absent);
  assert.equal(await world.repository.has(absent.what, world.op), true);
  assert.equal(methods(world), 'HEAD POST PUT');
});

test('progress counts up to the size', async (t) => {
  for (const upload of MODES) {
    const world = await remoteWorld(t, [], { settings: { upload }, limits: { uploadChunkBytes: 20_000 } });
    await push(world, BLOB);
    const done = world.events.flatMap((event) =>
      event.type === 'progress' && event.action === 'push' ? [event.done] : [],
    );
    assert.equal(done.at(-1), BLOB.what.size, upload);
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
  }
});

test('mounting: done, refused with an upload that is used, refused with an error', async (t) => {
  const world = await remoteWorld(t);
  await stockBlob(world, BLOB, 'team/other');
  assert.equal(await world.repository.mount?.(BLOB.what, 'team/other', world.op), true);
  await push(world, BLOB);
  assert.equal(methods(world), 'POST');
  await stored(world, BLOB);
  assert.match(world.registry.log.requests[0]?.query ?? '', /^mount=sha256%3A[0-9a-f]{64}&from=team%2Fother$/);

  const absent = await remoteWorld(t);
  assert.equal(await absent.repository.mount?.(BLOB.what, 'team/other', absent.op), false);
  await push(absent, BLOB);
  assert.equal(methods(absent), 'POST PUT');
  await stored(absent, BLOB);

  for (const status of [401, 403, 404, 405]) {
    const refusing = await remoteWorld(t, [{ method: 'POST', nth: 1, status, body: '' }]);
    assert.equal(await refusing.repository.mount?.(BLOB.what, 'team/other', refusing.op), false, String(status));
    await push(refusing, BLOB);
    await stored(refusing, BLOB);
  }

  const passing = await remoteWorld(t, [{ method: 'POST', nth: 1, status: 503, body: '' }]);
  await stockBlob(passing, BLOB, 'team/other');
  assert.equal(await passing.repository.mount?.(BLOB.what, 'team/other', passing.op), true);
  assert.equal(methods(passing), 'POST POST');

  const broken = await remoteWorld(t, [{ method: 'POST', status: 503, body: '' }]);
  await assert.rejects(broken.repository.mount?.(BLOB.what, 'team/other', broken.op) ?? assert.fail(), {
    code: 'REGISTRY_UNAVAILABLE',
  });
});
