import assert from 'node:assert/strict';
import { digestOf, MediaType } from '@gantry/oci';
import { conformanceTest } from './client.fixture.ts';

const ABSENT = digestOf(Buffer.from('absent'));

conformanceTest('end-1: the base endpoint says that the API is here', async (client) => {
  const { status, headers } = await client.ask('GET', '/v2/');
  assert.deepEqual([status, headers['docker-distribution-api-version']], [200, 'registry/2.0']);
});

conformanceTest('end-2, end-3: blobs and manifests, by tag and by digest', async (client) => {
  const { bytes, digest } = await client.pushArtifact('a/b', 'v1');
  for (const reference of ['v1', digest, encodeURIComponent(digest)]) {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, body } = await client.ask(method, `/v2/a/b/manifests/${reference}`);
      assert.equal(status, 200);
      assert.equal(headers['content-type'], MediaType.imageManifest);
      assert.equal(headers['content-length'], String(bytes.length));
      assert.equal(headers['docker-content-digest'], digest);
      assert.equal(headers.etag, `"${digest}"`);
      assert.deepEqual(body, method === 'GET' ? Buffer.from(bytes) : Buffer.alloc(0));
    }
  }
  const blob = digestOf(Buffer.from('layer'));
  const got = await client.ask('GET', `/v2/a/b/blobs/${blob}`);
  assert.deepEqual([got.status, got.body.toString(), got.headers['content-length']], [200, 'layer', '5']);
  const head = await client.ask('HEAD', `/v2/a/b/blobs/${blob}`);
  assert.deepEqual([head.status, head.body.length, head.headers['content-length']], [200, 0, '5']);
});

conformanceTest('what is not there is 404 with a code, and HEAD has no body', async (client) => {
  await client.pushArtifact('a/b', 'v1');
  const cases = [
    [`/v2/a/b/blobs/${ABSENT}`, 'BLOB_UNKNOWN'],
    [`/v2/a/b/manifests/${ABSENT}`, 'MANIFEST_UNKNOWN'],
    ['/v2/a/b/manifests/absent', 'MANIFEST_UNKNOWN'],
    ['/v2/absent/manifests/v1', 'MANIFEST_UNKNOWN'],
    ['/v2/absent/tags/list', 'NAME_UNKNOWN'],
    [`/v2/other/blobs/${digestOf(Buffer.from('layer'))}`, 'BLOB_UNKNOWN'],
    ['/v2/a/b/nothing', 'UNSUPPORTED'],
    ['/', 'UNSUPPORTED'],
  ] as const;
  for (const [path, code] of cases) {
    const got = await client.ask('GET', path);
    assert.deepEqual([got.status, got.code, got.headers['content-type']], [404, code, 'application/json'], path);
    const head = await client.ask('HEAD', path);
    assert.deepEqual([head.status, head.body.length], [404, 0], path);
  }
});

conformanceTest('names that the grammar does not have are refused', async (client) => {
  const cases = [
    ['/v2/UPPER/manifests/v1', 'NAME_INVALID'],
    ['/v2/a%2F..%2Fb/manifests/v1', 'NAME_INVALID'],
    ['/v2/a/..%2f..%2f..%2fetc/manifests/v1', 'NAME_INVALID'],
    ['/v2/_blobs/manifests/v1', 'NAME_INVALID'],
    ['/v2/a//b/manifests/v1', 'NAME_INVALID'],
    ['/v2/%00/manifests/v1', 'NAME_INVALID'],
    ['/v2/%ff/manifests/v1', 'NAME_INVALID'],
    [`/v2/${'a'.repeat(256)}/manifests/v1`, 'NAME_INVALID'],
    ['/v2/a/manifests/.hidden', 'TAG_INVALID'],
    ['/v2/a/manifests/..%5c', 'TAG_INVALID'],
    [`/v2/a/manifests/${'t'.repeat(129)}`, 'TAG_INVALID'],
    ['/v2/a/manifests/sha256:abc', 'DIGEST_INVALID'],
    ['/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e', 'DIGEST_INVALID'],
    ['/v2/a/blobs/sha256:..', 'DIGEST_INVALID'],
    ['/v2/a/referrers/v1', 'DIGEST_INVALID'],
  ] as const;
  for (const [path, code] of cases) {
    const { status, code: found } = await client.ask('GET', path);
    assert.deepEqual([status, found], [400, code], path);
  }
});

conformanceTest('repositories may be called like endpoints', async (client) => {
  const { digest } = await client.pushArtifact('a/blobs/uploads/manifests/tags', 'v1');
  const got = await client.ask('GET', '/v2/a/blobs/uploads/manifests/tags/manifests/v1');
  assert.equal(got.headers['docker-content-digest'], digest);
});

conformanceTest('ranges of blobs', async (client) => {
  const { digest } = await client.pushBlob('a', Buffer.from('0123456789'));
  const etag = `"${digest}"`;
  const cases: [range: Record<string, string>, status: number, body: string, contentRange?: string][] = [
    [{ range: 'bytes=0-3' }, 206, '0123', 'bytes 0-3/10'],
    [{ range: 'bytes=4-' }, 206, '456789', 'bytes 4-9/10'],
    [{ range: 'bytes=-3' }, 206, '789', 'bytes 7-9/10'],
    [{ range: 'bytes=-99' }, 206, '0123456789', 'bytes 0-9/10'],
    [{ range: 'bytes=8-99' }, 206, '89', 'bytes 8-9/10'],
    [{ range: 'bytes=10-' }, 416, '', 'bytes */10'],
    [{ range: 'bytes=-0' }, 416, '', 'bytes */10'],
    [{ range: 'bytes=3-2' }, 200, '0123456789'],
    [{ range: 'bytes=0-1,3-4' }, 200, '0123456789'],
    [{ range: 'bytes=-' }, 200, '0123456789'],
    [{ range: 'items=0-1' }, 200, '0123456789'],
    [{ range: 'bytes=4-', 'if-range': etag }, 206, '456789', 'bytes 4-9/10'],
    [{ range: 'bytes=4-', 'if-range': '"other"' }, 200, '0123456789'],
    [{ 'if-none-match': etag }, 304, ''],
  ];
  for (const [headers, status, body, contentRange] of cases) {
    const got = await client.ask('GET', `/v2/a/blobs/${digest}`, { headers });
    const found = [got.status, got.body.toString(), got.headers['content-range']];
    assert.deepEqual(found, [status, body, contentRange], JSON.stringify(headers));
  }
});

conformanceTest('F13: an empty blob', async (client) => {
  const { digest } = await client.pushBlob('a', Buffer.alloc(0));
  const got = await client.ask('GET', `/v2/a/blobs/${digest}`);
  assert.deepEqual([got.status, got.body.length, got.headers['content-length']], [200, 0, '0']);
  const range = await client.ask('GET', `/v2/a/blobs/${digest}`, { headers: { range: 'bytes=0-' } });
  assert.equal(range.status, 416);
});

conformanceTest('methods that an endpoint does not have', async (client) => {
  const paths = [`/v2/a/blobs/${ABSENT}`, '/v2/a/manifests/v1', '/v2/a/tags/list', `/v2/a/referrers/${ABSENT}`];
  for (const path of [...paths, '/v2/a/blobs/uploads/']) {
    const { status, code } = await client.ask('OPTIONS', path);
    assert.deepEqual([status, code], [405, 'UNSUPPORTED'], path);
  }
});
