import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { startNpmRegistry } from './npm-registry.ts';

test('a published package has a document and a tarball, whose hash the document says', async (t) => {
  const registry = await startNpmRegistry(t, { path: '/npm/' });
  const published = registry.publish({ name: '@acme/x', version: '1.0.0', files: { 'a.js': '1' }, tags: ['next'] });
  registry.publish({ name: '@acme/x', version: '2.0.0' });
  const document = JSON.parse(await (await fetch(`${registry.url}@acme%2fx`)).text());
  assert.deepEqual(document['dist-tags'], { next: '1.0.0', latest: '2.0.0' });
  const { dist } = document.versions['1.0.0'];
  assert.equal(dist.tarball, published.url);
  const bytes = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer());
  assert.equal(dist.integrity, `sha512-${createHash('sha512').update(bytes).digest('base64')}`);
  assert.deepEqual(bytes, published.tarball);
  assert.deepEqual(
    registry.requests.map(({ path }) => path),
    ['/npm/@acme%2fx', '/npm/@acme/x/-/x-1.0.0.tgz'],
  );
});

test('a registry refuses, redirects and answers as it is told', async (t) => {
  const registry = await startNpmRegistry(t, {
    authorization: 'Bearer t',
    redirects: { '/moved': 'http://127.0.0.1:9/' },
    answers: { '/odd': [503, 'busy'] },
  });
  const get = (path: string, authorization = 'Bearer t'): Promise<Response> =>
    fetch(`${registry.url}${path}`, { headers: { authorization }, redirect: 'manual' });
  assert.equal((await get('x', 'Bearer other')).status, 401);
  assert.equal((await get('absent')).status, 404);
  assert.equal((await get('moved')).headers.get('location'), 'http://127.0.0.1:9/');
  const odd = await get('odd');
  assert.deepEqual([odd.status, await odd.text()], [503, 'busy']);
});
