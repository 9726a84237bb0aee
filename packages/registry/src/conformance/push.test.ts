import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { digestOf, MediaType } from '@gantry/oci';
import { type Answer, conformanceTest, type RawClient } from './client.fixture.ts';

const BYTES = Buffer.from('hello world');
const DIGEST = digestOf(BYTES);
const ABSENT = digestOf(Buffer.from('absent'));

async function start(client: RawClient, query = ''): Promise<string> {
  const { status, headers } = await client.ask('POST', `/v2/a/blobs/uploads/${query}`);
  assert.equal(status, 202);
  return String(headers.location);
}

async function served(client: RawClient, digest: string = DIGEST): Promise<string> {
  return (await client.ask('GET', `/v2/a/blobs/${digest}`)).body.toString();
}

function assertCreated(answer: Answer, digest: string = DIGEST): void {
  const { status, headers } = answer;
  const expected = [201, `/v2/a/blobs/${digest}`, digest];
  assert.deepEqual([status, headers.location, headers['docker-content-digest']], expected);
}

conformanceTest('end-4a, end-6: POST, then PUT with everything', async (client) => {
  const location = await start(client);
  assertCreated(await client.ask('PUT', `${location}?digest=${DIGEST}`, { body: BYTES }));
  assert.equal(await served(client), 'hello world');
  assert.equal((await client.ask('GET', location)).code, 'BLOB_UPLOAD_UNKNOWN');
});

conformanceTest('end-4b: a single POST', async (client) => {
  assertCreated(await client.ask('POST', `/v2/a/blobs/uploads/?digest=${DIGEST}`, { body: BYTES }));
  assert.equal(await served(client), 'hello world');
  const wrong = await client.ask('POST', `/v2/a/blobs/uploads/?digest=${ABSENT}`, { body: BYTES });
  assert.deepEqual([wrong.status, wrong.code], [400, 'DIGEST_INVALID']);
});

conformanceTest('end-5: chunks in order, the status between them, the last with the PUT', async (client) => {
  let location = await start(client);
  const first = await client.ask('PATCH', location, { body: 'hello', headers: { 'content-range': '0-4' } });
  assert.deepEqual([first.status, first.headers.range], [202, '0-4']);
  location = String(first.headers.location);

  const status = await client.ask('GET', location);
  assert.deepEqual([status.status, status.headers.range], [204, '0-4']);
  assert.ok(status.headers.location);

  const second = await client.ask('PATCH', location, { body: ' wor', headers: { 'content-range': '5-8' } });
  assert.deepEqual([second.status, second.headers.range], [202, '0-8']);
  const last = { body: 'ld', headers: { 'content-range': '9-10' } };
  assertCreated(await client.ask('PUT', `${second.headers.location}?digest=${DIGEST}`, last));
  assert.equal(await served(client), 'hello world');
});

conformanceTest('a chunk without a range is appended, a PUT may have no body', async (client) => {
  const location = await start(client);
  await client.ask('PATCH', location, { body: 'hello ' });
  await client.ask('PATCH', location, { body: 'world' });
  assertCreated(await client.ask('PUT', `${location}?digest=${DIGEST}`));
});

conformanceTest('chunks out of order are 416 and change nothing', async (client) => {
  const location = await start(client);
  await client.ask('PATCH', location, { body: 'hello', headers: { 'content-range': '0-4' } });
  const cases: [method: string, contentRange: string, status: number][] = [
    ['PATCH', '6-10', 416],
    ['PATCH', '0-4', 416],
    ['PUT', '4-8', 416],
    ['PATCH', '5-8', 400],
    ['PATCH', '9-5', 400],
    ['PATCH', 'five-ten', 400],
  ];
  for (const [method, contentRange, expected] of cases) {
    const query = method === 'PUT' ? `?digest=${DIGEST}` : '';
    const options = { body: '12345', headers: { 'content-range': contentRange } };
    const got = await client.ask(method, `${location}${query}`, options);
    assert.equal(got.status, expected, `${method} ${contentRange}`);
    if (expected === 416) assert.deepEqual([got.headers.range, got.headers.location], ['0-4', location]);
  }
  assert.equal((await client.ask('GET', location)).headers.range, '0-4');
  assertCreated(await client.ask('PUT', `${location}?digest=${DIGEST}`, { body: ' world' }));
});

conformanceTest('an upload can be cancelled', async (client) => {
  const location = await start(client);
  assert.equal((await client.ask('DELETE', location)).status, 204);
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const { status, code } = await client.ask(method, location, { body: 'x' });
    assert.deepEqual([status, code], [404, 'BLOB_UPLOAD_UNKNOWN'], method);
  }
});

conformanceTest('an upload belongs to its repository', async (client) => {
  const location = (await start(client)).replace('/v2/a/', '/v2/b/');
  assert.equal((await client.ask('PATCH', location, { body: 'x' })).code, 'BLOB_UPLOAD_UNKNOWN');
});

conformanceTest('B1: a wrong or missing digest stores nothing and ends the upload', async (client) => {
  for (const query of [`?digest=${ABSENT}`, '', '?digest=sha256:abc', '?digest=md5:00']) {
    const location = await start(client);
    const got = await client.ask('PUT', `${location}${query}`, { body: BYTES });
    assert.deepEqual([got.status, got.code], [400, 'DIGEST_INVALID'], query);
  }
  assert.equal((await client.ask('HEAD', `/v2/a/blobs/${ABSENT}`)).status, 404);
});

conformanceTest('sha512 with and without an announcement', async (client) => {
  const digest = digestOf(BYTES, 'sha512');
  for (const query of ['?digest-algorithm=sha512', '']) {
    const location = await start(client, query);
    assertCreated(await client.ask('PUT', `${location}?digest=${digest}`, { body: BYTES }), digest);
  }
  assertCreated(await client.ask('POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: BYTES }), digest);
  assert.equal(await served(client, digest), 'hello world');
  const unknown = await client.ask('POST', '/v2/a/blobs/uploads/?digest-algorithm=md5');
  assert.deepEqual([unknown.status, unknown.code], [400, 'DIGEST_INVALID']);
});

conformanceTest('end-11: mount what another repository has, upload what it has not', async (client) => {
  await client.pushBlob('src', BYTES);
  assertCreated(await client.ask('POST', `/v2/a/blobs/uploads/?mount=${DIGEST}&from=src`));
  assert.equal(await served(client), 'hello world');
  assertCreated(await client.ask('POST', `/v2/a/blobs/uploads/?mount=${DIGEST}&from=src`));
  await client.ask('DELETE', `/v2/src/blobs/${DIGEST}`);
  assert.equal(await served(client), 'hello world');

  for (const query of [`?mount=${ABSENT}&from=src`, `?mount=${ABSENT}&from=absent`, `?mount=${DIGEST}`]) {
    assert.match(await start(client, query), /^\/v2\/a\/blobs\/uploads\//, query);
  }
  const bad = await client.ask('POST', `/v2/a/blobs/uploads/?mount=${DIGEST}&from=..`);
  assert.deepEqual([bad.status, bad.code], [400, 'NAME_INVALID']);
});

conformanceTest('F3: a chunk that breaks off can be resumed', async (client) => {
  const location = await start(client);
  await new Promise<void>((resolve) => {
    const request = httpRequest(new URL(location, client.registry.url), {
      method: 'PATCH',
      headers: { 'content-length': 11 },
    });
    request.on('error', () => resolve());
    request.write('hello', () => setImmediate(() => request.destroy(new Error('gone'))));
  });
  let status: Answer;
  do {
    status = await client.ask('GET', location);
  } while (status.headers.range !== '0-4');
  assertCreated(await client.ask('PUT', `${location}?digest=${DIGEST}`, { body: ' world' }));
});

conformanceTest('manifests: by tag, by digest, by digest with tags', async (client) => {
  const { bytes, digest, answer } = await client.pushArtifact('a', 'v1');
  const expected = [201, `/v2/a/manifests/${digest}`, digest, undefined];
  const seen = ({ status, headers }: Answer): unknown[] => [
    status,
    headers.location,
    headers['docker-content-digest'],
    headers['oci-subject'],
  ];
  assert.deepEqual(seen(answer), expected);
  assert.deepEqual(seen(await client.putManifest('a', digest, bytes)), expected);
  const wide = digestOf(bytes, 'sha512');
  const tagged = await client.putManifest('a', `${wide}?tag=v2&tag=v3`, bytes);
  assert.deepEqual([tagged.status, tagged.headers['oci-tag']], [201, 'v2, v3']);
  assert.equal((await client.ask('HEAD', '/v2/a/manifests/v3')).headers['docker-content-digest'], wide);
  const wrong = await client.putManifest('a', ABSENT, bytes);
  assert.deepEqual([wrong.status, wrong.code], [400, 'DIGEST_INVALID']);
});

conformanceTest('a tag is moved by pushing again', async (client) => {
  await client.pushArtifact('a', 'v1');
  const { digest } = await client.pushArtifact('a', 'v1', { annotations: { second: 'yes' } });
  assert.equal((await client.ask('HEAD', '/v2/a/manifests/v1')).headers['docker-content-digest'], digest);
});

conformanceTest('the media type is kept: of the header, else of the document, else by its content', async (client) => {
  const config = await client.pushBlob('a', Buffer.from('{}'));
  const bare = { schemaVersion: 2, config, layers: [] };
  const cases: [document: object, header: string | undefined, expected: string][] = [
    [bare, MediaType.dockerManifest, MediaType.dockerManifest],
    [{ ...bare, mediaType: MediaType.dockerManifest }, undefined, MediaType.dockerManifest],
    [bare, undefined, MediaType.imageManifest],
    [{ schemaVersion: 2, manifests: [] }, undefined, MediaType.imageIndex],
    [{ schemaVersion: 2, manifests: [] }, MediaType.dockerManifestList, MediaType.dockerManifestList],
    [
      { mediaType: MediaType.artifactManifest, artifactType: 'a/b', blobs: [config] },
      MediaType.artifactManifest,
      MediaType.artifactManifest,
    ],
  ];
  for (const [document, header, expected] of cases) {
    const headers: Record<string, string> = header === undefined ? {} : { 'content-type': header };
    const put = await client.ask('PUT', '/v2/a/manifests/v1', { body: JSON.stringify(document), headers });
    assert.equal(put.status, 201, JSON.stringify(document));
    assert.equal((await client.ask('GET', '/v2/a/manifests/v1')).headers['content-type'], expected);
  }
});

conformanceTest('B4: what is no manifest is refused', async (client) => {
  const config = await client.pushBlob('a', Buffer.from('{}'));
  const good = { schemaVersion: 2, mediaType: MediaType.imageManifest, config, layers: [] };
  const cases: [name: string, body: string, type?: string][] = [
    ['no JSON', '<html>'],
    ['no object', '[]'],
    ['nothing', ''],
    ['duplicate keys', JSON.stringify(good).replace('{', '{"schemaVersion":2,')],
    ['schema 1', JSON.stringify({ ...good, schemaVersion: 1 })],
    ['types that disagree', JSON.stringify(good), MediaType.dockerManifest],
    ['an unknown type', JSON.stringify({ ...good, mediaType: 'text/html' }), 'text/html'],
    ['both manifest and index', JSON.stringify({ ...good, manifests: [] })],
    ['an index as manifest', JSON.stringify({ schemaVersion: 2, manifests: [] }), MediaType.imageManifest],
    ['a digest that is none', JSON.stringify({ ...good, config: { ...config, digest: 'sha256:../x' } })],
    ['a size that is none', JSON.stringify({ ...good, config: { ...config, size: -1 } })],
    ['no media type in a descriptor', JSON.stringify({ ...good, config: { ...config, mediaType: 1 } })],
    ['layers that are no list', JSON.stringify({ ...good, layers: {} })],
    ['a subject that is no descriptor', JSON.stringify({ ...good, subject: 'x' })],
  ];
  for (const [name, body, type] of cases) {
    const got = await client.putManifest('a', 'v1', Buffer.from(body), type);
    assert.deepEqual([got.status, got.code], [400, 'MANIFEST_INVALID'], name);
  }
  assert.equal((await client.ask('GET', '/v2/a/manifests/v1')).status, 404);
});

conformanceTest(
  'a manifest may not name what is missing, apart from its subject and foreign layers',
  async (client) => {
    const config = await client.pushBlob('a', Buffer.from('{}'));
    const absent = { mediaType: MediaType.octetStream, digest: ABSENT, size: 6 };
    const index = { schemaVersion: 2, manifests: [{ ...absent, mediaType: MediaType.imageManifest }] };
    const put = async (document: object, type?: string): Promise<(number | string | undefined)[]> => {
      const { status, code } = await client.putManifest('a', 'v1', Buffer.from(JSON.stringify(document)), type);
      return [status, code];
    };
    const image = (more: object): object => ({ schemaVersion: 2, config, layers: [], ...more });
    assert.deepEqual(await put(image({ config: absent })), [400, 'MANIFEST_BLOB_UNKNOWN']);
    assert.deepEqual(await put(image({ layers: [absent] })), [400, 'MANIFEST_BLOB_UNKNOWN']);
    assert.deepEqual(await put(index, MediaType.imageIndex), [400, 'MANIFEST_BLOB_UNKNOWN']);
    assert.deepEqual(await put(image({ layers: [{ ...absent, urls: ['https://example.com/'] }] })), [201, undefined]);
    assert.deepEqual(await put(image({ subject: absent })), [201, undefined]);
  },
);

conformanceTest('an index names manifests that are there', async (client) => {
  const { descriptor } = await client.pushArtifact('a', undefined);
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  assert.equal((await client.putManifest('a', 'multi', index, MediaType.imageIndex)).status, 201);
});

for (const [limit, status] of [
  [199, 413],
  [200, 201],
  [201, 201],
] as const) {
  conformanceTest(
    `servedManifestBytes: a manifest of 200 bytes under a limit of ${limit}`,
    async (client) => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }).padEnd(200));
      const got = await client.putManifest('a', 'v1', bytes, MediaType.imageIndex);
      assert.deepEqual([got.status, got.code], [status, status === 413 ? 'SIZE_INVALID' : undefined]);
    },
    { limits: { servedManifestBytes: limit } },
  );
  conformanceTest(
    `servedBlobBytes: a blob of 200 bytes in two chunks under a limit of ${limit}`,
    async (client) => {
      const bytes = Buffer.alloc(200, 'x');
      const location = await start(client);
      await client.ask('PATCH', location, { body: bytes.subarray(0, 100) });
      const got = await client.ask('PUT', `${location}?digest=${digestOf(bytes)}`, { body: bytes.subarray(100) });
      assert.deepEqual([got.status, got.code], [status, status === 413 ? 'SIZE_INVALID' : undefined]);
    },
    { limits: { servedBlobBytes: limit } },
  );
}

conformanceTest(
  'servedUploads: two may be open, a third not',
  async (client) => {
    const first = await start(client);
    await start(client);
    const third = await client.ask('POST', '/v2/a/blobs/uploads/');
    assert.deepEqual([third.status, third.code], [429, 'TOOMANYREQUESTS']);
    await client.ask('DELETE', first);
    await start(client);
  },
  { limits: { servedUploads: 2 } },
);

conformanceTest(
  'servedUploadAge: an upload that nobody goes on with is dropped',
  async (client) => {
    const first = await start(client);
    await start(client);
    assert.equal((await client.ask('GET', first)).status, 404);
  },
  { limits: { servedUploadAge: -1 } },
);

conformanceTest(
  'an upload of unknown length that grows too large is told so',
  async (client) => {
    const location = await start(client);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest(new URL(location, client.registry.url), { method: 'PATCH' }, resolve);
      request.on('error', reject);
      request.write(Buffer.alloc(200));
      request.end();
    });
    assert.deepEqual([answer.statusCode, answer.headers.connection], [413, 'close']);
    answer.resume();
  },
  { limits: { servedBlobBytes: 199 } },
);

conformanceTest('a page in a browser cannot write', async (client) => {
  const { digest } = await client.pushArtifact('a', 'v1');
  const headers = { origin: 'https://page.test' };
  const cases = [
    ['POST', '/v2/a/blobs/uploads/'],
    ['PUT', '/v2/a/manifests/v2'],
    ['DELETE', `/v2/a/manifests/${digest}`],
  ] as const;
  for (const [method, path] of cases) {
    const { status, code } = await client.ask(method, path, { headers });
    assert.deepEqual([status, code], [403, 'DENIED'], method);
  }
});
