/** What the protocol leaves to registries: uploads, mounts, sha512, pages of tags, deletion. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLayout } from '@gantry/oci';
import { publishArtifact } from '@gantry/testkit';
import { crane, oras } from './clients.ts';
import { gantry } from './gantry.ts';
import { script } from './plugins.ts';
import { temporaryDirectory } from './processes.ts';
import { registries } from './registries.ts';

/** Requests of a run with `--verbose`, as `METHOD path status`. */
function requests(stderr: string): string[] {
  const lines = stderr.matchAll(/^(GET|HEAD|POST|PUT|PATCH|DELETE) http:\/\/[^/]+\/v2\/(\S+) (\d{3})/gm);
  return [...lines].map(([, method, path, status]) => `${method} ${path} ${status}`);
}

async function configuration(t: TestContext, text: string): Promise<string[]> {
  const file = join(await temporaryDirectory(t), 'gantry.yaml');
  await writeFile(file, `schemaVersion: 1\n${text}`);
  return ['--config', file];
}

for (const registry of registries) {
  test(registry.name, async (t) => {
    const { address } = await registry.start(t);

    for (const mode of ['monolithic', 'single-post', 'chunked']) {
      await t.test(`a blob of some megabytes is uploaded ${mode} and comes back whole`, async (t) => {
        const g = await gantry(t);
        const directory = await temporaryDirectory(t);
        const file = join(directory, 'data');
        await writeFile(file, randomBytes(3_000_000));
        const flags = await configuration(
          t,
          `registries: { "${address}": { upload: ${mode} } }\nlimits: { uploadChunkBytes: 1MiB }\n`,
        );
        const reference = `${address}/acme/${mode}:1`;
        const pushed = await g.run(['push', '--verbose', ...flags, '--kind', 'files', reference, file]);
        assert.equal(pushed.code, 0, pushed.stderr);
        const asked = requests(pushed.stderr);
        const patches = asked.filter((line) => line.startsWith('PATCH') && line.endsWith('202'));
        // Three of the data, one of the config.
        assert.equal(patches.length, mode === 'chunked' ? 4 : 0, asked.join('\n'));
        const wholePosts = asked.filter((line) => line.startsWith('POST') && line.endsWith('201'));
        assert.equal(wholePosts.length, mode === 'single-post' && registry.singlePost ? 2 : 0, asked.join('\n'));
        await oras(['pull', reference, join(directory, 'out')]);
        assert.deepEqual(await readFile(join(directory, 'out', 'data')), await readFile(file));
      });
    }

    await t.test('a copy within the registry moves no bytes where blobs are mounted', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const { digest } = await g.json(['push', `${address}/acme/from:1`, await script(directory, 'hello', 'x')]);
      const copied = await g.run(['copy', '--verbose', `${address}/acme/from:1`, `${address}/acme/to:1`]);
      assert.equal(copied.code, 0, copied.stderr);
      const asked = requests(copied.stderr);
      const mounted = asked.filter((line) => line === 'POST acme/to/blobs/uploads/ 201');
      assert.equal(mounted.length, registry.mounts ? 2 : 0, asked.join('\n'));
      const fetched = asked.filter((line) => line.startsWith('GET acme/from/blobs/'));
      assert.equal(fetched.length, registry.mounts ? 0 : 2, asked.join('\n'));
      assert.equal(await crane(['digest', `${address}/acme/to:1`]), digest);
      await crane(['validate', '--remote', `${address}/acme/to:1`]);
    });

    await t.test(`sha512: ${registry.sha512}`, async (t) => {
      const g = await gantry(t);
      const layout = join(await temporaryDirectory(t), 'layout');
      await using repository = await openLayout(layout, { create: true });
      const { descriptor } = await publishArtifact(repository, {
        layers: [{ content: '#!/bin/sh\necho long\n', title: 'hello' }],
        artifactType: 'application/vnd.acme.plugin',
        algorithm: 'sha512',
        tag: '1',
      });
      const reference = `${address}/acme/long`;
      const copied = await g.run(['copy', `oci-layout:${layout}:1`, `${reference}:1`]);
      if (registry.sha512 === 'refused') {
        assert.equal(copied.code, 3, copied.stderr);
        assert.match(copied.stderr, /DIGEST_INVALID/);
        return;
      }
      assert.equal(copied.code, 0, copied.stderr);
      const ran = await g.run(['run', `${reference}@${descriptor.digest}`]);
      assert.equal(ran.stdout, 'long\n', ran.stderr);
      const tagged = await g.json(['inspect', `${reference}:1`]);
      assert.match(
        String(tagged['digest']),
        registry.sha512 === 'by digest, tags name sha256' ? /^sha256:/ : /^sha512:/,
      );
    });

    await t.test('tags: all of many, another tag for the same content', async (t) => {
      const g = await gantry(t);
      const reference = `${address}/acme/tagged`;
      const { digest } = await g.json(['push', `${reference}:1`, await script(await temporaryDirectory(t), 'x', 'x')]);
      await g.ok(['tag', `${reference}:1`, 'stable']);
      assert.equal(await crane(['digest', `${reference}:stable`]), digest);
      assert.equal(await crane(['ls', reference]), '1\nstable');

      const manifest = await g.ok(['inspect', '--raw', `${reference}:1`]);
      const many = Array.from({ length: 1100 }, (_, at) => `many-${String(at).padStart(4, '0')}`);
      for (const tag of many) await putManifest(`${reference}:${tag}`, manifest);
      const listed = await g.run(['tags', '--verbose', reference]);
      assert.deepEqual(listed.stdout.trim().split('\n'), ['1', ...many, 'stable']);
      assert.equal(requests(listed.stderr).length, registry.pagesTags ? 2 : 1, listed.stderr);
    });

    await t.test('deletion of a tag and of a manifest', async (t) => {
      const g = await gantry(t);
      const reference = `${address}/acme/deleted`;
      const { digest } = await g.json(['push', `${reference}:1`, await script(await temporaryDirectory(t), 'x', 'x')]);
      await g.ok(['tag', `${reference}:1`, '2']);
      const untagged = await g.run(['delete', `${reference}:2`]);
      assert.equal(untagged.code, registry.deletesTags ? 0 : 3, untagged.stderr);
      if (!registry.deletesTags) assert.match(untagged.stderr, /REGISTRY_UNSUPPORTED/);
      assert.equal(await crane(['digest', `${reference}:1`]), digest);

      await g.ok(['delete', `${reference}@${digest}`]);
      assert.equal((await g.run(['inspect', `${reference}@${digest}`])).code, 3);
      const byTag = await g.run(['inspect', `${reference}:1`]);
      assert.equal(byTag.code, registry.deletesTagsOfManifest ? 3 : 0, byTag.stderr);
      const again = await g.run(['delete', `${reference}@${digest}`]);
      assert.equal(again.code, 3, again.stderr);
      assert.match(again.stderr, /REGISTRY_NOT_FOUND/);
    });
  });
}

async function putManifest(reference: string, manifest: string): Promise<void> {
  const [, address, repository, tag] = /^([^/]+)\/(.*):([^:]+)$/.exec(reference) ?? [];
  const { mediaType } = JSON.parse(manifest);
  const headers = { 'content-type': mediaType };
  const body = manifest.endsWith('\n') ? manifest.slice(0, -1) : manifest;
  const response = await fetch(`http://${address}/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers, body });
  await response.arrayBuffer();
  if (response.status !== 201) throw new Error(`${reference} was answered with ${response.status}`);
}
