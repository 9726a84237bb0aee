import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, MediaType } from '@gantry/oci';
import { startRegistry, tempDir } from '@gantry/testkit';
import { directoryStorage, memoryStorage, type RegistryStorage } from '../index.ts';
import { conformanceTest, RawClient } from './client.fixture.ts';

conformanceTest('end-9: deleting a tag leaves the manifest and the other tags', async (client) => {
  const { bytes, digest } = await client.pushArtifact('a', 'v1');
  await client.putManifest('a', 'v2', bytes);
  assert.equal((await client.ask('DELETE', '/v2/a/manifests/v1')).status, 202);
  assert.equal((await client.ask('GET', '/v2/a/manifests/v1')).code, 'MANIFEST_UNKNOWN');
  for (const reference of ['v2', digest]) {
    assert.equal((await client.ask('GET', `/v2/a/manifests/${reference}`)).status, 200);
  }
});

conformanceTest('end-9: deleting a manifest takes its tags along, and nobody else’s', async (client) => {
  const { digest } = await client.pushArtifact('a', 'v1');
  await client.pushArtifact('a', 'other', { annotations: { other: 'yes' } });
  await client.pushArtifact('b', 'v1');
  assert.equal((await client.ask('DELETE', `/v2/a/manifests/${digest}`)).status, 202);
  for (const reference of ['v1', digest]) {
    assert.equal((await client.ask('GET', `/v2/a/manifests/${reference}`)).status, 404);
  }
  const tags = await client.ask('GET', '/v2/a/tags/list');
  assert.deepEqual(JSON.parse(tags.body.toString()), { name: 'a', tags: ['other'] });
  assert.equal((await client.ask('GET', `/v2/b/manifests/${digest}`)).status, 200);
});

conformanceTest('end-10: deleting a blob', async (client) => {
  const { digest } = await client.pushBlob('a', Buffer.from('x'));
  assert.equal((await client.ask('DELETE', `/v2/a/blobs/${digest}`)).status, 202);
  assert.equal((await client.ask('HEAD', `/v2/a/blobs/${digest}`)).status, 404);
});

conformanceTest('deleting what is not there', async (client) => {
  await client.pushArtifact('a', 'v1');
  const digest = digestOf(Buffer.from('absent'));
  const cases = [
    ['manifests/absent', 'MANIFEST_UNKNOWN'],
    [`manifests/${digest}`, 'MANIFEST_UNKNOWN'],
    [`blobs/${digest}`, 'BLOB_UNKNOWN'],
  ] as const;
  for (const [path, code] of cases) {
    const got = await client.ask('DELETE', `/v2/a/${path}`);
    assert.deepEqual([got.status, got.code], [404, code], path);
  }
});

for (const kind of ['memory', 'directory'] as const) {
  test(`read-only: reads are served, everything else is 405 (${kind})`, async (t) => {
    const storage: RegistryStorage = kind === 'memory' ? memoryStorage() : directoryStorage(await tempDir(t));
    const writable = new RawClient(await startRegistry(t, { storage }));
    const { digest, bytes } = await writable.pushArtifact('a', 'v1');
    const client = new RawClient(await startRegistry(t, { storage, readOnly: true }));
    assert.deepEqual((await client.ask('GET', '/v2/a/manifests/v1')).body, Buffer.from(bytes));
    const cases = [
      ['POST', '/v2/a/blobs/uploads/'],
      ['POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`],
      ['PATCH', '/v2/a/blobs/uploads/0'],
      ['PUT', '/v2/a/manifests/v2'],
      ['DELETE', '/v2/a/manifests/v1'],
      ['DELETE', `/v2/a/blobs/${digest}`],
    ] as const;
    for (const [method, path] of cases) {
      const got = await client.ask(method, path, { headers: { 'content-type': MediaType.imageManifest } });
      assert.deepEqual([got.status, got.code], [405, 'UNSUPPORTED'], `${method} ${path}`);
    }
    assert.equal((await client.ask('GET', '/v2/a/manifests/v1')).status, 200);
  });
}
