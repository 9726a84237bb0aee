import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Descriptor,
  memoryRepository,
  type OpEvent,
  parseManifest,
  type Repository,
  readAll,
  resolveTag,
} from '@gantry/oci';
import { publishArtifact } from '@gantry/testkit';
import { appendSignature } from './append-signature.ts';
import type { SignatureLayer } from './signature-writer.ts';

const TAG = `sha256-${'ab'.repeat(32)}.sig`;

const layer = (name: string): SignatureLayer => ({
  mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  bytes: Buffer.from(name),
  annotations: { 'dev.cosignproject.cosign/signature': name },
});

async function layersOf(repository: Repository): Promise<readonly string[]> {
  const what = await resolveTag(repository, TAG);
  if (what === undefined) return [];
  const manifest = parseManifest(await readAll(repository, what), what);
  assert.equal(manifest.kind, 'image');
  return manifest.kind === 'image'
    ? manifest.layers.map(({ annotations }) => Object.values(annotations ?? {})[0] ?? '')
    : [];
}

/** Runs `between` after each write of the tag, as another writer who had read before does. */
function raced(repository: Repository, between: (write: number) => Promise<void>): Repository {
  let writes = 0;
  const pushManifest: Repository['pushManifest'] = async (what, bytes, options, op) => {
    await repository.pushManifest(what, bytes, options, op);
    writes += 1;
    await between(writes);
  };
  return new Proxy(repository, {
    get: (target, name) => {
      if (name === 'pushManifest') return pushManifest;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

test('a signature that another writer overwrote is written again, beside theirs', async () => {
  const repository = memoryRepository();
  const other = await manifestWith(layer('theirs'));
  const racing = raced(repository, async (write) => {
    if (write === 1) await copyUnder(other, repository);
  });
  await appendSignature(racing, TAG, layer('ours'));
  assert.deepEqual(await layersOf(repository), ['theirs', 'ours']);
});

test('a writer who adds to what was written is seen, and a warning says so', async () => {
  const repository = memoryRepository();
  const events: OpEvent[] = [];
  const racing = raced(repository, async (write) => {
    if (write === 1) await appendSignature(repository, TAG, layer('theirs'));
  });
  await appendSignature(racing, TAG, layer('ours'), { onEvent: (event) => void events.push(event) });
  assert.deepEqual(await layersOf(repository), ['ours', 'theirs']);
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  assert.match(warnings.join(), /another writer changed the signatures/);
});

test('a tag that others replace each time is given up after so many attempts', async () => {
  const repository = memoryRepository();
  const other = await manifestWith(layer('theirs'));
  const replacing = (most: number): Repository =>
    raced(repository, async (write) => {
      if (write <= most) await copyUnder(other, repository);
    });
  const op = { limits: { signatureWriteAttempts: 2 } };
  await assert.rejects(appendSignature(replacing(2), TAG, layer('ours'), op), { code: 'REGISTRY_CONFLICT' });
  await appendSignature(replacing(1), TAG, layer('ours'), op);
  assert.deepEqual(await layersOf(repository), ['theirs', 'ours']);
});

test('no signature is written that nobody would look at', async () => {
  const repository = memoryRepository();
  const op = { limits: { signatureLayers: 2 } };
  await appendSignature(repository, TAG, layer('a'), op);
  await appendSignature(repository, TAG, layer('b'), op);
  await assert.rejects(appendSignature(repository, TAG, layer('c'), op), { code: 'SIGNATURE_LIMIT' });
  assert.deepEqual(await layersOf(repository), ['a', 'b']);
});

test('a manifest that nobody could read afterwards is not written', async () => {
  const repository = memoryRepository();
  const written = await appendSignature(repository, TAG, layer('a'));
  const { size } = (await resolveTag(repository, TAG)) ?? { size: 0 };
  const op = { limits: { manifestBytes: size + 10 } };
  await assert.rejects(appendSignature(repository, TAG, layer('b'), op), { code: 'CONTENT_LIMIT' });
  assert.equal((await resolveTag(repository, TAG))?.digest, written);
});

test('something else under the tag is left alone', async () => {
  const repository = memoryRepository();
  const { descriptor } = await publishArtifact(repository, { platforms: { 'linux/amd64': {} }, tag: TAG });
  await assert.rejects(appendSignature(repository, TAG, layer('a')), { code: 'REGISTRY_CONFLICT' });
  assert.equal((await resolveTag(repository, TAG))?.digest, descriptor.digest);
});

test('what a manifest says besides its layers is kept', async () => {
  const repository = memoryRepository();
  const annotations = { 'org.example.note': 'kept' };
  await publishArtifact(repository, { tag: TAG, annotations, layers: [{ content: 'x' }], config: { content: '[]' } });
  await appendSignature(repository, TAG, layer('a'));
  const what = await resolveTag(repository, TAG);
  assert.ok(what);
  assert.deepEqual({ ...parseManifest(await readAll(repository, what), what).annotations }, annotations);
});

/** A repository in which one signature stands under the tag. */
async function manifestWith(one: SignatureLayer): Promise<Repository> {
  const repository = memoryRepository();
  await appendSignature(repository, TAG, one);
  return repository;
}

/** Puts what another repository has under the tag in the place of what is there. */
async function copyUnder(from: Repository, to: Repository): Promise<void> {
  const what = await resolveTag(from, TAG);
  assert.ok(what);
  const bytes = await readAll(from, what);
  const manifest = parseManifest(bytes, what);
  if (manifest.kind !== 'image') return;
  const contents: readonly Descriptor[] = [manifest.config, ...manifest.layers];
  for (const blob of contents) await to.pushBlob(blob, () => from.open(blob));
  await to.pushManifest(what, bytes, { tag: TAG });
}
