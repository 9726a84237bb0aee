/** The table of docs/registries.md: when an answer here changes, so does that page. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crane, oras, skopeoCopy } from './clients.ts';
import { gantry } from './gantry.ts';
import { script } from './plugins.ts';
import { run, temporaryDirectory } from './processes.ts';
import { registries, startOlareg } from './registries.ts';

/** What each registry answers, as short as the page says it. */
interface Answers {
  readonly referrersApi: string;
  readonly acceptOfAnotherType: number;
  readonly openRange: number;
  readonly blobOfAnotherRepository: number;
  readonly tagsOfUnknownRepository: number;
  readonly missingChild: number;
  readonly artifactManifest: number;
}

const expected: Readonly<Record<string, Answers>> = {
  'docker-registry': {
    referrersApi: '404 text/plain',
    acceptOfAnotherType: 404,
    openRange: 206,
    blobOfAnotherRepository: 404,
    tagsOfUnknownRepository: 404,
    missingChild: 400,
    artifactManifest: 400,
  },
  olareg: {
    referrersApi: '200 application/vnd.oci.image.index.v1+json',
    acceptOfAnotherType: 404,
    openRange: 206,
    blobOfAnotherRepository: 404,
    tagsOfUnknownRepository: 200,
    missingChild: 400,
    artifactManifest: 400,
  },
  'crane registry': {
    referrersApi: '404 text/plain',
    acceptOfAnotherType: 200,
    openRange: 416,
    blobOfAnotherRepository: 200,
    tagsOfUnknownRepository: 404,
    missingChild: 404,
    artifactManifest: 201,
  },
  'gantry registry': {
    referrersApi: '200 application/vnd.oci.image.index.v1+json',
    acceptOfAnotherType: 200,
    openRange: 206,
    blobOfAnotherRepository: 404,
    tagsOfUnknownRepository: 404,
    missingChild: 400,
    artifactManifest: 201,
  },
};

const missingChild = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [
    { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'7'.repeat(64)}`, size: 10 },
  ],
};
const artifactManifest = {
  mediaType: 'application/vnd.oci.artifact.manifest.v1+json',
  artifactType: 'application/vnd.acme.plugin',
  blobs: [],
};

for (const registry of registries) {
  test(`${registry.name} answers as the page says`, async (t) => {
    const { address } = await registry.start(t);
    const { digest, layers } = await pushed(t, `${address}/acme/plugin:1`);
    const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://${address}/v2/${path}`, init);
    const status = async (path: string, init?: RequestInit): Promise<number> => (await ask(path, init)).status;
    const put = (document: { readonly mediaType: string }): Promise<number> =>
      status('acme/plugin/manifests/odd', {
        method: 'PUT',
        headers: { 'content-type': document.mediaType },
        body: JSON.stringify(document),
      });
    const listing = await ask(`acme/plugin/referrers/${digest}`);
    const blob = layers[0]?.digest;
    const answers: Answers = {
      referrersApi: `${listing.status} ${listing.headers.get('content-type')?.split(';')[0]}`,
      acceptOfAnotherType: await status('acme/plugin/manifests/1', { headers: { accept: '*/*' } }),
      openRange: await status(`acme/plugin/blobs/${blob}`, { headers: { range: 'bytes=3-' } }),
      blobOfAnotherRepository: await status(`acme/other/blobs/${blob}`),
      tagsOfUnknownRepository: await status('acme/none/tags/list'),
      missingChild: await put(missingChild),
      artifactManifest: await put(artifactManifest),
    };
    assert.deepEqual(answers, expected[registry.name]);
  });
}

test('skopeo copies artifacts but neither inspects nor converts them, and leaves their referrers behind', async (t) => {
  const { address } = await startOlareg(t);
  const directory = await temporaryDirectory(t);
  const reference = `${address}/acme/plugin:1`;
  await pushed(t, reference);
  await writeFile(join(directory, 'note'), 'x');
  await oras(['attach', reference, 'application/vnd.acme.note', 'note'], { cwd: directory });
  const refusal = /unsupported image-specific operation on artifact/;
  await assert.rejects(run('skopeo', ['inspect', '--tls-verify=false', `docker://${reference}`]), refusal);
  const copy = `docker://${address}/acme/copy:1`;
  await assert.rejects(skopeoCopy(`docker://${reference}`, copy, ['--format', 'v2s2']), refusal);
  await skopeoCopy(`docker://${reference}`, copy);
  assert.equal(await oras(['discover', `${address}/acme/copy:1`]), '');
});

test('crane pulls layouts without tags, and pushes one of several entries only as an index', async (t) => {
  const g = await gantry(t);
  const { address } = await startOlareg(t);
  const directory = await temporaryDirectory(t);
  await pushed(t, `${address}/acme/plugin:1`);
  const theirs = join(directory, 'theirs');
  await crane(['pull', '--format', 'oci', `${address}/acme/plugin:1`, theirs]);
  assert.deepEqual((await g.json(['tags', `oci-layout:${theirs}`]))['tags'], []);
  const ours = join(directory, 'ours');
  for (const tag of ['1', '2']) {
    await g.ok(['push', `oci-layout:${ours}:${tag}`, await script(directory, `plugin-${tag}`, tag)]);
  }
  await assert.rejects(crane(['push', ours, `${address}/acme/several:1`]), /consider --index/);
  await crane(['push', '--index', ours, `${address}/acme/several:1`]);
  assert.equal(JSON.parse(await crane(['manifest', `${address}/acme/several:1`])).manifests.length, 2);
});

async function pushed(
  t: TestContext,
  reference: string,
): Promise<{ readonly digest: string; readonly layers: readonly { readonly digest: string }[] }> {
  const g = await gantry(t);
  const file = await script(await temporaryDirectory(t), 'plugin', 'x');
  const { digest, layers } = await g.json(['push', reference, file]);
  return { digest: String(digest), layers: layers as { digest: string }[] };
}
