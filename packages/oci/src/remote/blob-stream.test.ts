import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { flippedByte, type Rule, redirected, scriptedRegistry, withoutRanges } from '@gantry/testkit';
import { openTransport } from '../transport/open-transport.ts';
import { blob, collect, type RemoteWorld, remoteWorld, stockBlob, worldOf } from './remote-world.fixture.ts';

const BLOB = blob(randomBytes(100_000));
const GET = { method: 'GET', path: '/blobs/' } as const;

function ranges(world: RemoteWorld): (string | undefined)[] {
  return world.registry.log.requests.map((request) => request.headers.range);
}

test('a blob is one GET without an encoding, with progress up to its size', async (t) => {
  const world = await remoteWorld(t);
  await stockBlob(world, BLOB);
  assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
  assert.deepEqual(world.asked(), [`GET blobs/${BLOB.what.digest}`]);
  assert.equal(world.registry.log.requests[0]?.headers['accept-encoding'], 'identity');
  const progress = world.events.flatMap((event) => (event.type === 'progress' ? [event] : []));
  assert.equal(progress.at(-1)?.done, BLOB.what.size);
  assert.ok(progress.every((event) => event.total === BLOB.what.size && event.action === 'fetch'));
});

test('B1: bytes that are not those of the descriptor', async (t) => {
  const wrongLength = 'CONTENT_SIZE_MISMATCH';
  const cases: readonly { name: string; rule: Rule; code: string }[] = [
    { name: 'first byte', rule: flippedByte('/blobs/', 0), code: 'CONTENT_DIGEST_MISMATCH' },
    { name: 'last byte', rule: flippedByte('/blobs/', -1), code: 'CONTENT_DIGEST_MISMATCH' },
    { name: 'one less', rule: { ...GET, alter: (body) => body.subarray(1) }, code: wrongLength },
    { name: 'one more', rule: { ...GET, alter: (body) => Buffer.concat([body, Buffer.from('x')]) }, code: wrongLength },
    { name: 'none', rule: { ...GET, alter: () => Buffer.alloc(0) }, code: wrongLength },
  ];
  for (const { name, rule, code } of cases) {
    for (const framing of [{}, { contentLength: 'chunked' }] as const) {
      const world = await remoteWorld(t, [{ ...rule, ...framing }]);
      await stockBlob(world, BLOB);
      const label = `${name} ${JSON.stringify(framing)}`;
      await assert.rejects(collect(world.repository.open(BLOB.what, world.op)), { code }, label);
      assert.equal(world.registry.log.count('GET'), 1, label);
    }
  }
});

test('B1: a length that is announced wrongly', async (t) => {
  for (const [contentLength, code] of [
    [BLOB.what.size - 1, 'CONTENT_SIZE_MISMATCH'],
    [BLOB.what.size + 1, 'CONTENT_SIZE_MISMATCH'],
  ] as const) {
    const world = await remoteWorld(t, [{ ...GET, contentLength }]);
    await stockBlob(world, BLOB);
    await assert.rejects(collect(world.repository.open(BLOB.what, world.op)), { code });
  }
});

test('B2: a size that no blob has is refused before anything is asked', async (t) => {
  const world = await remoteWorld(t);
  await assert.rejects(collect(world.repository.open({ ...BLOB.what, size: 2 ** 53 - 1 }, world.op)), {
    code: 'CONTENT_LIMIT',
  });
  assert.deepEqual(world.asked(), []);
});

test('F3: a transfer that is cut goes on where it stopped', async (t) => {
  const { size } = BLOB.what;
  for (const cut of [0, 1, size / 2, size - 1]) {
    const world = await remoteWorld(t, [{ ...GET, nth: 1, cut }]);
    await stockBlob(world, BLOB);
    assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes, `cut at ${cut}`);
    assert.deepEqual(ranges(world), [undefined, cut === 0 ? undefined : `bytes=${cut}-`]);
    assert.equal(world.registry.log.requests[1]?.headers['if-range'], cut === 0 ? undefined : `"${BLOB.what.digest}"`);
    assert.equal(world.events.filter((event) => event.type === 'retry').length, 1);
  }
});

test('F3: several cuts, without a length and without an ETag', async (t) => {
  const world = await remoteWorld(t, [
    { ...GET, headers: { etag: null }, contentLength: 'chunked' },
    { ...GET, nth: [1, 2, 3], cut: 30_000 },
  ]);
  await stockBlob(world, BLOB);
  assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
  assert.deepEqual(ranges(world), [undefined, 'bytes=30000-', 'bytes=60000-', 'bytes=90000-']);
  assert.equal(world.registry.log.requests[1]?.headers['if-range'], undefined);
});

test('F3: a registry that ignores ranges, or whose ETag changed, sends the whole again', async (t) => {
  const cut = { ...GET, nth: 1, cut: 5000 };
  const changed: Rule = { ...GET, headers: (_request, count) => ({ etag: `"${count}"` }) };
  for (const rules of [
    [withoutRanges(), cut],
    [changed, cut],
  ]) {
    const world = await remoteWorld(t, rules);
    await stockBlob(world, BLOB);
    assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
    assert.deepEqual(ranges(world), [undefined, 'bytes=5000-']);
  }
});

test('F3: what is spliced from two contents is found out', async (t) => {
  const world = await remoteWorld(t, [
    { ...GET, nth: 1, cut: 5000 },
    { ...GET, nth: 2, alter: (body) => body.fill(0) },
  ]);
  await stockBlob(world, BLOB);
  await assert.rejects(collect(world.repository.open(BLOB.what, world.op)), { code: 'CONTENT_DIGEST_MISMATCH' });
});

test('F2: 416 and wrong ranges when resuming, 206 unasked', async (t) => {
  const cut = { ...GET, nth: 1, cut: 5000 };
  const cases: readonly { name: string; rules: Rule[]; code?: string }[] = [
    { name: '416', rules: [cut, { ...GET, nth: 2, status: 416, body: '' }] },
    {
      name: '206 from elsewhere',
      rules: [cut, { ...GET, nth: 2, headers: { 'content-range': 'bytes 0-1/100000' } }],
      code: 'REGISTRY_PROTOCOL',
    },
    {
      name: '206 of another size',
      rules: [cut, { ...GET, nth: 2, headers: { 'content-range': 'bytes 5000-99999/100001' } }],
      code: 'REGISTRY_PROTOCOL',
    },
    {
      name: '206 without range',
      rules: [cut, { ...GET, nth: 2, headers: { 'content-range': null } }],
      code: 'REGISTRY_PROTOCOL',
    },
    { name: '206 unasked', rules: [{ ...GET, status: 206, body: BLOB.bytes }], code: 'REGISTRY_PROTOCOL' },
    { name: '304', rules: [{ ...GET, status: 304, body: '' }], code: 'REGISTRY_PROTOCOL' },
  ];
  for (const { name, rules, code } of cases) {
    const world = await remoteWorld(t, rules);
    await stockBlob(world, BLOB);
    const read = collect(world.repository.open(BLOB.what, world.op));
    if (code === undefined) assert.deepEqual(await read, BLOB.bytes, name);
    else await assert.rejects(read, { code }, name);
  }
});

test('a range that is answered in part is followed by the next', async (t) => {
  const part = (start: number, end: number): Rule => ({
    ...GET,
    status: 206,
    body: BLOB.bytes.subarray(start, end + 1),
    headers: { 'content-range': `bytes ${start}-${end}/*` },
  });
  const world = await remoteWorld(t, [
    { ...GET, nth: 1, cut: 10 },
    { ...part(10, 19), nth: 2 },
  ]);
  await stockBlob(world, BLOB);
  assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
  assert.deepEqual(ranges(world), [undefined, 'bytes=10-', 'bytes=20-']);
});

test('attempts without enough progress are counted, others are not', async (t) => {
  const stingy = (limits: Record<string, number>): Promise<RemoteWorld> =>
    remoteWorld(t, [{ ...GET, cut: 20_000 }], { limits });
  const few = await stingy({ retries: 3, resumeProgressBytes: 20_001 });
  await stockBlob(few, BLOB);
  await assert.rejects(collect(few.repository.open(BLOB.what, few.op)), { code: 'REGISTRY_UNREACHABLE' });
  assert.equal(few.registry.log.count('GET'), 3);
  const enough = await stingy({ retries: 3, resumeProgressBytes: 20_000 });
  await stockBlob(enough, BLOB);
  assert.deepEqual(await collect(enough.repository.open(BLOB.what, enough.op)), BLOB.bytes);
  assert.equal(enough.registry.log.count('GET'), 5);
});

test('resuming asks the registry again, not the place that it redirected to', async (t) => {
  const store = await remoteWorld(t, [{ ...GET, nth: 1, cut: 5000 }]);
  await stockBlob(store, BLOB);
  const world = await remoteWorld(t, [redirected('/blobs/', (url) => `${store.registry.url}${url}?signature=1`)]);
  assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
  assert.deepEqual(ranges(world), [undefined, 'bytes=5000-']);
  assert.deepEqual(ranges(store), [undefined, 'bytes=5000-']);
});

test('B13: an encoded blob is an error, whatever the encoding', async (t) => {
  const cases = [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['gzip, gzip', gzipSync],
    [new Array(1000).fill('gzip').join(','), gzipSync],
    ['mystery', gzipSync],
  ] as const;
  for (const [encoding, alter] of cases) {
    const world = await remoteWorld(t, [{ ...GET, headers: { 'content-encoding': encoding }, alter }]);
    await stockBlob(world, BLOB);
    await assert.rejects(collect(world.repository.open(BLOB.what, world.op)), { code: 'CONTENT_ENCODED' });
  }
  const world = await remoteWorld(t, [{ ...GET, headers: { 'content-encoding': 'identity' } }]);
  await stockBlob(world, BLOB);
  assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
});

test('a reader that stops early frees its connection', async (t) => {
  const world = await remoteWorld(t, [{ ...GET, nth: (count) => count <= 20, stall: 1000 }]);
  await stockBlob(world, BLOB);
  for (let round = 0; round < 20; round += 1) {
    for await (const chunk of world.repository.open(BLOB.what, world.op)) {
      assert.ok(chunk.length > 0);
      break;
    }
  }
  assert.deepEqual(await collect(world.repository.open(BLOB.what, world.op)), BLOB.bytes);
});

test('cancelling ends the transfer with the reason and asks nothing more', async (t) => {
  const world = await remoteWorld(t, [{ ...GET, stall: 1000 }]);
  await stockBlob(world, BLOB);
  const controller = new AbortController();
  const reading = collect(
    (async function* () {
      for await (const chunk of world.repository.open(BLOB.what, { ...world.op, signal: controller.signal })) {
        controller.abort();
        yield chunk;
      }
    })(),
  );
  await assert.rejects(reading, { name: 'AbortError' });
  assert.equal(world.registry.log.count('GET'), 1);
});

test('F13: an empty blob', async (t) => {
  const empty = blob('');
  const world = await remoteWorld(t);
  await stockBlob(world, empty);
  assert.deepEqual(await collect(world.repository.open(empty.what, world.op)), Buffer.alloc(0));
  world.registry.script([{ ...GET, alter: () => Buffer.from('x') }]);
  await assert.rejects(collect(world.repository.open(empty.what, world.op)), { code: 'CONTENT_SIZE_MISMATCH' });
});

test('sha512, and content that the descriptor carries itself', async (t) => {
  const world = await remoteWorld(t);
  const long = blob('long', 'sha512');
  await stockBlob(world, long);
  assert.equal(String(await collect(world.repository.open(long.what, world.op))), 'long');
  world.registry.log.clear();
  const carried = blob('carried');
  assert.equal(
    String(await collect(world.repository.open({ ...carried.what, data: carried.bytes }, world.op))),
    'carried',
  );
  await assert.rejects(collect(world.repository.open({ ...carried.what, data: long.bytes }, world.op)), {
    code: 'CONTENT_SIZE_MISMATCH',
  });
  assert.deepEqual(world.asked(), []);
});

test('what is not there is named; a JSON document of an unknown type is looked for among manifests too', async (t) => {
  const world = await remoteWorld(t);
  await assert.rejects(collect(world.repository.open(BLOB.what, world.op)), {
    code: 'REGISTRY_NOT_FOUND',
    message: `${world.repository.name}@${BLOB.what.digest} is not in the registry`,
  });
  world.registry.script([
    { path: '/manifests/', status: 200, body: '{"a":1}', headers: { 'content-type': 'application/vnd.acme.v9+json' } },
  ]);
  const strange = blob('{"a":1}');
  const what = { ...strange.what, mediaType: 'application/vnd.acme.v9+json' };
  assert.equal(String(await collect(world.repository.open(what, world.op))), '{"a":1}');
});

test('F3: a JSON document that is gone when resuming is not looked for elsewhere', async (t) => {
  const what = { ...BLOB.what, mediaType: 'application/vnd.acme.v9+json' };
  const world = await remoteWorld(t, [
    { ...GET, nth: 1, cut: 70_000 },
    { ...GET, nth: 2, status: 404, body: '' },
  ]);
  await stockBlob(world, BLOB);
  await assert.rejects(collect(world.repository.open(what, world.op)), { code: 'REGISTRY_NOT_FOUND' });
  assert.equal(world.registry.log.count('GET', '/manifests/'), 0);
});

test('A7: urls in descriptors are ignored', async (t) => {
  const elsewhere = await scriptedRegistry(t);
  const world = await remoteWorld(t);
  await stockBlob(world, BLOB);
  const what = { ...BLOB.what, urls: [`${elsewhere.url}/v2/team/app/blobs/${BLOB.what.digest}`] };
  assert.deepEqual(await collect(world.repository.open(what, world.op)), BLOB.bytes);
  assert.equal(elsewhere.connections(), 0);
  world.registry.script([{ status: 404, body: '' }]);
  await assert.rejects(collect(world.repository.open(what, world.op)), { code: 'REGISTRY_NOT_FOUND' });
  assert.equal(elsewhere.connections(), 0);
});

test('offline opens no socket', async (t) => {
  const registry = await scriptedRegistry(t);
  await using transport = openTransport({ offline: true });
  const world = worldOf(registry, transport);
  await assert.rejects(collect(world.repository.open(BLOB.what, world.op)), { code: 'REGISTRY_OFFLINE' });
  assert.equal(registry.connections(), 0);
});
