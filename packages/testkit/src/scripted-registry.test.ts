import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { digestOf } from '@gantry/oci';
import {
  flippedByte,
  flippingTag,
  redirected,
  statefulUploads,
  warning,
  withoutDelete,
  withoutFilter,
  withoutRanges,
  withoutReferrers,
} from './faults.ts';
import { type ScriptedRegistry, scriptedRegistry } from './scripted-registry.ts';
import type { Rule } from './scripted-rule.ts';

const BLOB = Buffer.from('0123456789');
const DIGEST = digestOf(BLOB);
const PATH = `/v2/team/app/blobs/${DIGEST}`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly complete: boolean;
  readonly interim: number;
}

async function withBlob(t: TestContext, rules: readonly Rule[]): Promise<ScriptedRegistry> {
  const registry = await scriptedRegistry(t, rules);
  const upload = await registry.storage.startUpload();
  await upload.write(BLOB);
  await upload.commit('team/app', DIGEST);
  return registry;
}

async function ask(
  registry: ScriptedRegistry,
  path: string,
  options: { method?: string; headers?: Record<string, string>; agent?: Agent; signal?: AbortSignal } = {},
): Promise<Answer> {
  const request = httpRequest(`${registry.url}${path}`, { agent: false, ...options });
  let interim = 0;
  request.on('information', () => {
    interim += 1;
  });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch {
    // What came before the connection broke is the answer.
  }
  const body = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, body, complete: response.complete, interim };
}

const answers: readonly {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly expected: Partial<Answer>;
  readonly headers?: Record<string, string | undefined>;
}[] = [
  { name: 'no rule', rules: [], expected: { status: 200, body: '0123456789', complete: true } },
  { name: 'status and body', rules: [{ status: 503, body: 'busy' }], expected: { status: 503, body: 'busy' } },
  {
    name: 'a header set and another removed',
    rules: [{ headers: { 'content-type': 'text/html', etag: null } }],
    expected: { body: '0123456789' },
    headers: { 'content-type': 'text/html', etag: undefined },
  },
  { name: 'a flipped byte', rules: [flippedByte('/blobs/', -1)], expected: { body: '0123456788', complete: true } },
  { name: 'cut in the body', rules: [{ cut: 4 }], expected: { status: 200, body: '0123', complete: false } },
  {
    name: 'a length that is too large',
    rules: [{ contentLength: 12 }],
    expected: { body: '0123456789', complete: false },
  },
  {
    name: 'no length',
    rules: [{ contentLength: 'chunked' }],
    expected: { body: '0123456789', complete: true },
    headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' },
  },
  { name: 'dripping', rules: [{ drip: { bytes: 3, pause: 1 } }], expected: { body: '0123456789', complete: true } },
  { name: 'interim answers', rules: [{ interim: 5 }], expected: { status: 200, interim: 5, body: '0123456789' } },
  { name: 'a delay and a gate', rules: [{ delay: 1, gate: Promise.resolve() }], expected: { body: '0123456789' } },
  {
    name: 'a redirect',
    rules: [redirected('/blobs/', (url) => `http://127.0.0.2:1${url}`)],
    expected: { status: 307 },
    headers: { location: `http://127.0.0.2:1${PATH}` },
  },
  { name: 'a warning', rules: [warning('old')], expected: { status: 200 }, headers: { warning: '299 - "old"' } },
  {
    name: 'two rules at once',
    rules: [warning('old'), { alter: (body) => body.subarray(5) }],
    expected: { body: '56789' },
    headers: { warning: '299 - "old"', 'content-length': '5' },
  },
];

for (const { name, rules, expected, headers } of answers) {
  test(`answers with ${name}`, async (t) => {
    const registry = await withBlob(t, rules);
    const found = await ask(registry, PATH);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(found[key as keyof Answer], value, key);
    for (const [key, value] of Object.entries(headers ?? {})) assert.equal(found.headers[key], value, key);
  });
}

test('rules pick method, path and count', async (t) => {
  const registry = await withBlob(t, [{ method: 'GET', path: /blobs/, nth: [1, 3], status: 500, body: '' }]);
  const statuses: number[] = [];
  for (let nth = 1; nth <= 4; nth++) statuses.push((await ask(registry, PATH)).status);
  assert.deepEqual(statuses, [500, 200, 500, 200]);
  assert.equal((await ask(registry, PATH, { method: 'HEAD' })).status, 200);
  assert.equal(registry.log.count('GET', '/blobs/'), 4);
  assert.deepEqual(
    registry.log.requests.map((entry) => entry.status),
    [500, 200, 500, 200, 200],
  );
});

test('a connection can end before the head', async (t) => {
  const registry = await withBlob(t, [{ cut: 'none' }]);
  await assert.rejects(ask(registry, PATH), { code: 'ECONNRESET' });
});

test('a length that is too small leaves bytes that belong to nothing', async (t) => {
  const registry = await withBlob(t, [{ contentLength: 4 }]);
  const socket = connect(Number(registry.address.split(':')[1]), '127.0.0.1');
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: ${registry.address}\r\n\r\n`);
  const text = await readText(socket);
  assert.match(text, /content-length: 4\r\n/);
  assert.match(text, /\r\n\r\n0123456789$/);
});

test('stalls until the client gives up', async (t) => {
  const registry = await withBlob(t, [{ stall: 3 }]);
  const found = await ask(registry, PATH, { signal: AbortSignal.timeout(100) });
  assert.deepEqual([found.body, found.complete], ['012', false]);
});

test('an endless flood of interim answers ends with the client', async (t) => {
  const registry = await withBlob(t, [{ interim: Number.POSITIVE_INFINITY }]);
  await assert.rejects(ask(registry, PATH, { signal: AbortSignal.timeout(100) }), { name: 'AbortError' });
});

test('ranges can be ignored', async (t) => {
  const registry = await withBlob(t, [withoutRanges()]);
  const found = await ask(registry, PATH, { headers: { range: 'bytes=5-' } });
  assert.deepEqual([found.status, found.body], [200, '0123456789']);
});

test('a silent hang-up leaves the client with a dead connection', async (t) => {
  const registry = await withBlob(t, [{ hangUp: 'silent' }]);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const first = await ask(registry, PATH, { agent });
  assert.equal(first.headers.connection, 'keep-alive');
  assert.equal(first.body, '0123456789');
});

test('a tag can mean something else with each request', async (t) => {
  const registry = await withBlob(t, []);
  const manifests = ['{"a":1}', '{"b":2}'].map((text) => Buffer.from(text));
  for (const bytes of manifests) {
    await registry.storage.putManifest('team/app', { digest: digestOf(bytes), mediaType: 'a/b', bytes });
  }
  registry.script([
    flippingTag(
      'v1',
      manifests.map((bytes) => digestOf(bytes)),
    ),
  ]);
  const bodies: string[] = [];
  for (let nth = 0; nth < 3; nth++) bodies.push((await ask(registry, '/v2/team/app/manifests/v1')).body);
  assert.deepEqual(bodies, ['{"a":1}', '{"b":2}', '{"b":2}']);
});

test('features can be missing', async (t) => {
  const registry = await withBlob(t, [...withoutReferrers(405, ''), withoutDelete()]);
  assert.equal((await ask(registry, `/v2/team/app/referrers/${DIGEST}`)).status, 405);
  assert.equal((await ask(registry, PATH, { method: 'DELETE' })).status, 405);
  registry.script([withoutFilter()]);
  const found = await ask(registry, `/v2/team/app/referrers/${DIGEST}?artifactType=a/b`);
  assert.equal(found.status, 200);
  assert.equal(found.headers['oci-filters-applied'], undefined);
});

test('counts connections', async (t) => {
  const registry = await withBlob(t, []);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  for (let nth = 0; nth < 3; nth++) await ask(registry, PATH, { agent });
  assert.equal(registry.connections(), 1);
});

test('only the latest location of an upload works', async (t) => {
  const registry = await withBlob(t, [statefulUploads()]);
  const first = await ask(registry, '/v2/team/app/blobs/uploads/', { method: 'POST' });
  const location = String(first.headers.location);
  assert.match(location, /\?_state=1%2B%2F%3D$/);
  const second = await ask(registry, location, { method: 'PATCH' });
  assert.deepEqual([second.status, (await ask(registry, location, { method: 'PATCH' })).status], [202, 404]);
  assert.equal((await ask(registry, location.split('?', 1)[0] ?? '', { method: 'PATCH' })).status, 404);
  const digest = digestOf(Buffer.alloc(0));
  const done = await ask(registry, `${second.headers.location}&digest=${digest}`, { method: 'PUT' });
  assert.deepEqual([done.status, done.headers.location], [201, `/v2/team/app/blobs/${digest}`]);
});

test('a rule may decide by the request', async (t) => {
  const registry = await withBlob(t, [
    {
      decide: (request, count) => (request.headers.range ? { status: 418, headers: { 'x-count': String(count) } } : {}),
    },
  ]);
  assert.equal((await ask(registry, PATH)).status, 200);
  const found = await ask(registry, PATH, { headers: { range: 'bytes=0-1' } });
  assert.deepEqual([found.status, found.headers['x-count']], [418, '2']);
});
