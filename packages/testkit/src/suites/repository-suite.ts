import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Descriptor, digestOf, isGantryError, MediaType, type Reference, type Repository } from '@gantry/oci';
import { type ArtifactSpec, type PublishedArtifact, publishArtifact } from '../publish-artifact.ts';
import { executableLayer } from '../sample-plugins.ts';
import { collect, contentSourceSuite, describe, patterned, type SkippedParts } from './content-source-suite.ts';

/** An empty repository to test. */
export interface RepositorySubject {
  readonly repository: Repository;
  /** The reference for a tag or digest of it. */
  readonly reference: (part: { readonly tag?: string; readonly digest?: Descriptor['digest'] }) => Reference;
  /** Stores bytes under a descriptor that they need not belong to, behind the interface. */
  readonly plant: (what: Descriptor, bytes: Uint8Array) => Promise<void>;
}

/** Makes an empty repository. */
export type RepositoryFactory = (t: TestContext) => Promise<RepositorySubject>;

/** Parts of {@link repositorySuite} that may be skipped. */
export type RepositoryPart = 'sha512 tags' | 'wrong bytes';

/** What every {@link Repository} promises, over a registry or on disk. */
export function repositorySuite(
  name: string,
  factory: RepositoryFactory,
  skip: SkippedParts<RepositoryPart> = {},
): void {
  contentSourceSuite(
    name,
    async (t, content) => {
      const { repository, plant } = await factory(t);
      for (const { what, bytes } of content) await plant(what, bytes);
      return { source: repository };
    },
    skip['wrong bytes'] === undefined ? {} : { 'wrong bytes': skip['wrong bytes'] },
  );
  pushing(name, factory, skip);
  tagging(name, factory);
  referring(name, factory);
  deleting(name, factory);
}

const PLUGIN: ArtifactSpec = { layers: [executableLayer()], artifactType: 'application/vnd.test' };

async function publish(subject: RepositorySubject, more: ArtifactSpec = {}): Promise<PublishedArtifact> {
  return publishArtifact(subject.repository, { ...PLUGIN, ...more });
}

function pushing(name: string, factory: RepositoryFactory, skip: SkippedParts<RepositoryPart>): void {
  test(`${name}: a blob that was pushed is there, once`, async (t) => {
    const { repository } = await factory(t);
    const bytes = patterned(100_000);
    const what = describe(bytes);
    assert.equal(await repository.has(what), false);
    let opened = 0;
    const content = async function* (): AsyncGenerator<Uint8Array> {
      opened += 1;
      yield bytes.subarray(0, 1000);
      yield bytes.subarray(1000);
    };
    await repository.pushBlob(what, content);
    assert.equal(await repository.has(what), true);
    assert.deepEqual(await collect(repository.open(what)), Buffer.from(bytes));
    await repository.pushBlob(what, content);
    assert.equal(opened, 1, 'content that was there already was read again');
  });

  test(`B1: ${name}: a blob that is not what it is said to be is refused`, async (t) => {
    const { repository } = await factory(t);
    const what = describe(patterned(1000));
    for (const bytes of [patterned(999), patterned(1001), patterned(1001).subarray(1)]) {
      const pushed = repository.pushBlob(what, async function* () {
        yield bytes;
      });
      await assert.rejects(pushed, (error) => isGantryError(error));
      assert.equal(await repository.has(what), false);
    }
  });

  test(`${name}: a manifest resolves by tag and by digest to its descriptor`, async (t) => {
    const subject = await factory(t);
    const { descriptor, bytes } = await publish(subject, { tag: 'v1' });
    const { repository, reference } = subject;
    const expected = { mediaType: descriptor.mediaType, digest: descriptor.digest, size: bytes.length };
    for (const part of [{ tag: 'v1' }, { digest: descriptor.digest }, { tag: 'lie', digest: descriptor.digest }]) {
      const { mediaType, digest, size } = await repository.resolve(reference(part));
      assert.deepEqual({ mediaType, digest, size }, expected);
    }
    assert.equal(await repository.has(descriptor), true);
    assert.deepEqual(await collect(repository.open(descriptor)), Buffer.from(bytes));
    assert.equal((await repository.peek(reference({ tag: 'v1' }))).digest, descriptor.digest);
  });

  test(`${name}: manifests under sha512, tagged`, { skip: skip['sha512 tags'] }, async (t) => {
    const subject = await factory(t);
    const { descriptor, layers } = await publish(subject, { tag: 'wide', algorithm: 'sha512' });
    assert.match(descriptor.digest, /^sha512:/);
    const resolved = await subject.repository.resolve(subject.reference({ tag: 'wide' }));
    assert.equal(resolved.digest, descriptor.digest);
    const [layer] = layers;
    assert.ok(layer);
    assert.equal((await collect(subject.repository.open(layer))).length, layer.size);
  });

  test(`${name}: an index over platforms`, async (t) => {
    const subject = await factory(t);
    const { descriptor, platforms } = await publishArtifact(subject.repository, {
      tag: 'multi',
      platforms: { 'linux/amd64': PLUGIN, 'linux/arm64': { layers: [executableLayer('#!/bin/sh\n')] } },
    });
    const resolved = await subject.repository.resolve(subject.reference({ tag: 'multi' }));
    assert.deepEqual([resolved.digest, resolved.mediaType], [descriptor.digest, MediaType.imageIndex]);
    for (const child of Object.values(platforms)) assert.equal(await subject.repository.has(child.descriptor), true);
  });

  test(`${name}: a manifest with a wrong digest is refused`, async (t) => {
    const { repository } = await factory(t);
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [] }));
    const what = { mediaType: MediaType.imageIndex, digest: digestOf(Buffer.from('other')), size: bytes.length };
    await assert.rejects(repository.pushManifest(what, bytes, { tag: 'bad' }), (error) => isGantryError(error));
    assert.equal(await repository.has(what), false);
  });

  test(`${name}: what is not there is an error`, async (t) => {
    const { repository, reference } = await factory(t);
    const absent = describe(Buffer.from('absent'));
    for (const part of [{ tag: 'absent' }, { digest: absent.digest }]) {
      await assert.rejects(repository.resolve(reference(part)), (error) => isGantryError(error));
      await assert.rejects(repository.peek(reference(part)), (error) => isGantryError(error));
    }
    await assert.rejects(repository.tag({ ...absent, mediaType: MediaType.imageManifest }, 'v1'));
  });
}

function tagging(name: string, factory: RepositoryFactory): void {
  test(`${name}: tags are listed, added and moved`, async (t) => {
    const subject = await factory(t);
    const { repository, reference } = subject;
    assert.deepEqual(await tagsOf(repository).catch(() => []), []);
    const first = await publish(subject, { tag: 'v1' });
    const second = await publish(subject, { annotations: { n: '2' } });
    await repository.tag(first.descriptor, 'latest');
    await repository.tag(second.descriptor, 'v2');
    assert.deepEqual(await tagsOf(repository), ['latest', 'v1', 'v2']);
    await repository.tag(second.descriptor, 'latest');
    assert.equal((await repository.resolve(reference({ tag: 'latest' }))).digest, second.descriptor.digest);
    assert.deepEqual(await tagsOf(repository), ['latest', 'v1', 'v2']);
  });

  test(`${name}: pushing under a tag moves it`, async (t) => {
    const subject = await factory(t);
    await publish(subject, { tag: 'v1' });
    const second = await publish(subject, { tag: 'v1', annotations: { n: '2' } });
    const resolved = await subject.repository.resolve(subject.reference({ tag: 'v1' }));
    assert.equal(resolved.digest, second.descriptor.digest);
  });
}

function referring(name: string, factory: RepositoryFactory): void {
  test(`${name}: referrers of a manifest, all and by type`, async (t) => {
    const subject = await factory(t);
    const { repository } = subject;
    const { descriptor } = await publish(subject, { tag: 'v1' });
    assert.deepEqual((await repository.referrers(descriptor)).descriptors, []);
    const digests: Record<string, string> = {};
    for (const artifactType of ['application/a', 'application/b']) {
      const annotations = { of: artifactType };
      const published = await publish(subject, { subject: descriptor, artifactType, annotations });
      digests[artifactType] = published.descriptor.digest;
    }
    const all = await repository.referrers(descriptor);
    assert.equal(all.complete, true);
    assert.deepEqual(all.descriptors.map(({ digest }) => digest).sort(), Object.values(digests).sort());
    for (const { digest, artifactType, annotations, mediaType } of all.descriptors) {
      assert.equal(digest, digests[artifactType ?? '']);
      assert.equal(annotations?.['of'], artifactType);
      assert.equal(mediaType, MediaType.imageManifest);
    }
    const some = await repository.referrers(descriptor, 'application/a');
    assert.deepEqual(
      some.descriptors.map(({ digest }) => digest),
      [digests['application/a']],
    );
    assert.deepEqual((await repository.referrers(descriptor, 'application/none')).descriptors, []);
  });

  test(`${name}: a referrer may be there before its subject`, async (t) => {
    const subject = await factory(t);
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [] }));
    const later = { mediaType: MediaType.imageIndex, digest: digestOf(bytes), size: bytes.length };
    const { descriptor } = await publish(subject, { subject: later });
    await subject.repository.pushManifest(later, bytes, { tag: 'later' });
    const { descriptors } = await subject.repository.referrers(later);
    assert.deepEqual(
      descriptors.map(({ digest }) => digest),
      [descriptor.digest],
    );
  });

  test(`${name}: a deleted referrer is no longer listed`, async (t) => {
    const subject = await factory(t);
    const { descriptor } = await publish(subject, { tag: 'v1' });
    const kept = await publish(subject, { subject: descriptor, annotations: { n: '1' } });
    const gone = await publish(subject, { subject: descriptor, annotations: { n: '2' } });
    await subject.repository.delete(gone.descriptor);
    const { descriptors } = await subject.repository.referrers(descriptor);
    assert.deepEqual(
      descriptors.map(({ digest }) => digest),
      [kept.descriptor.digest],
    );
  });
}

function deleting(name: string, factory: RepositoryFactory): void {
  test(`${name}: deleting a tag leaves the manifest`, async (t) => {
    const subject = await factory(t);
    const { repository, reference } = subject;
    const { descriptor } = await publish(subject, { tag: 'v1' });
    await repository.tag(descriptor, 'v2');
    await repository.delete({ tag: 'v1' });
    assert.deepEqual(await tagsOf(repository), ['v2']);
    assert.equal((await repository.resolve(reference({ tag: 'v2' }))).digest, descriptor.digest);
    await assert.rejects(repository.delete({ tag: 'v1' }), (error) => isGantryError(error));
  });

  test(`${name}: deleting a manifest takes its tags along`, async (t) => {
    const subject = await factory(t);
    const { repository, reference } = subject;
    const first = await publish(subject, { tag: 'v1' });
    const second = await publish(subject, { tag: 'v2', annotations: { n: '2' } });
    await repository.delete(first.descriptor);
    await assert.rejects(repository.resolve(reference({ tag: 'v1' })), (error) => isGantryError(error));
    await assert.rejects(repository.resolve(reference({ digest: first.descriptor.digest })));
    assert.deepEqual(await tagsOf(repository), ['v2']);
    assert.equal((await repository.resolve(reference({ tag: 'v2' }))).digest, second.descriptor.digest);
  });
}

async function tagsOf(repository: Repository): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of repository.tags()) tags.push(tag);
  return tags.sort();
}
