import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ContentSource, type Descriptor, MediaType, memoryRepository } from '@gantry/oci';
import { publishArtifact } from '../publish-artifact.ts';
import { attachBundle, attachSimple } from './attach.ts';
import { sigstoreLab } from './lab.ts';
import { SimpleAnnotation } from './sign-simple.ts';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

test('a bundle is attached as cosign 3 attaches it', async () => {
  const repository = memoryRepository();
  const { descriptor } = await publishArtifact(repository, { artifactType: 'application/vnd.example.plugin' });
  const bundle = sigstoreLab().signBundle(descriptor.digest);
  await attachBundle(repository, descriptor, bundle);
  const [found, ...others] = (await repository.referrers(descriptor, BUNDLE)).descriptors;
  assert.ok(found);
  assert.deepEqual(others, []);
  const manifest = JSON.parse((await bytesOf(repository, found)).toString());
  assert.equal(manifest.config.mediaType, MediaType.empty);
  assert.equal(manifest.config.artifactType, BUNDLE);
  assert.equal(manifest.subject.digest, descriptor.digest);
  assert.deepEqual(Object.keys(manifest.annotations).sort(), [
    'dev.sigstore.bundle.content',
    'dev.sigstore.bundle.predicateType',
    'org.opencontainers.image.created',
  ]);
  assert.deepEqual(await bytesOf(repository, manifest.layers[0]), bundle.bytes);
});

test('simple signing is attached under a tag, with its proof in annotations', async () => {
  const repository = memoryRepository();
  const { descriptor } = await publishArtifact(repository);
  const signed = sigstoreLab().signSimple(descriptor.digest, { tsa: true });
  await attachSimple(repository, descriptor, [signed]);
  const tags: string[] = [];
  for await (const tag of repository.tags()) tags.push(tag);
  assert.deepEqual(tags, [`${descriptor.digest.replace(':', '-')}.sig`]);
  const { annotations } = signed;
  assert.deepEqual(Object.keys(annotations).sort(), Object.values(SimpleAnnotation).sort());
});

test('simple signing is attached as a referrer on request', async () => {
  const repository = memoryRepository();
  const { descriptor } = await publishArtifact(repository);
  await attachSimple(repository, descriptor, [sigstoreLab().signSimple(descriptor.digest)], { shape: 'referrer' });
  const [found] = (await repository.referrers(descriptor)).descriptors;
  assert.ok(found);
  const manifest = JSON.parse((await bytesOf(repository, found)).toString());
  assert.equal(manifest.config.mediaType, 'application/vnd.dev.cosign.artifact.sig.v1+json');
  assert.equal(manifest.artifactType, undefined);
});

async function bytesOf(source: ContentSource, what: Descriptor): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.open(what)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
