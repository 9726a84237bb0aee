import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestHex, digestOf, isGantryError, MediaType } from '@gantry/oci';
import { publishArtifact, startRegistry, storageSink, tempDir } from '@gantry/testkit';
import { directoryStorage, serveRegistry } from './index.ts';

const LAYER = Buffer.from('layer');
const DIGEST = digestOf(LAYER);

async function filled(t: TestContext): Promise<string> {
  const directory = join(await tempDir(t), 'registry');
  const storage = directoryStorage(directory);
  await storage.prepare(false);
  await publishArtifact(storageSink(storage, 'team/app'), { tag: 'v1', layers: [{ content: LAYER }] });
  return directory;
}

function files(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

async function refusal(storage: ReturnType<typeof directoryStorage>, readOnly: boolean): Promise<string> {
  try {
    await serveRegistry({ storage, readOnly });
  } catch (error) {
    assert.ok(isGantryError(error));
    assert.equal(error.code, 'REGISTRY_STORAGE');
    return error.message;
  }
  assert.fail('it was served');
}

test('a registry survives a restart', async (t) => {
  const directory = await filled(t);
  const registry = await startRegistry(t, { storage: directoryStorage(directory) });
  const manifest = await fetch(`${registry.url}/v2/team/app/manifests/v1`);
  assert.deepEqual([manifest.status, manifest.headers.get('content-type')], [200, MediaType.imageManifest]);
  const blob = await fetch(`${registry.url}/v2/team/app/blobs/${DIGEST}`);
  assert.equal(await blob.text(), 'layer');
  assert.deepEqual(await (await fetch(`${registry.url}/v2/team/app/tags/list`)).json(), {
    name: 'team/app',
    tags: ['v1'],
  });
});

test('two servers share a directory', async (t) => {
  const directory = await filled(t);
  const [first, second] = [
    await startRegistry(t, { storage: directoryStorage(directory) }),
    await startRegistry(t, { storage: directoryStorage(directory) }),
  ];
  await fetch(`${first.url}/v2/team/app/manifests/v1`, { method: 'DELETE' });
  assert.equal((await fetch(`${second.url}/v2/team/app/manifests/v1`)).status, 404);
});

test('blobs and manifests are files that hold exactly their bytes', async (t) => {
  const directory = await filled(t);
  const named = files(directory).filter((path) => /_(blobs|manifests)\/sha256\/[0-9a-f]{64}$/.test(path));
  assert.equal(named.length, 3);
  for (const path of named) assert.equal(digestHex(digestOf(readFileSync(path))), path.slice(-64));
});

test('read-only, a directory is not touched, and may be on a medium that cannot be written', async (t) => {
  const directory = await filled(t);
  const before = files(directory).sort();
  const directories = [
    directory,
    ...readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [join(entry.parentPath, entry.name)] : [],
    ),
  ];
  for (const path of directories) chmodSync(path, 0o555);
  const registry = await startRegistry(t, { storage: directoryStorage(directory), readOnly: true });
  assert.equal((await fetch(`${registry.url}/v2/team/app/manifests/v1`)).status, 200);
  assert.equal((await fetch(`${registry.url}/v2/team/app/blobs/uploads/`, { method: 'POST' })).status, 405);
  assert.deepEqual(files(directory).sort(), before);
});

test('REGISTRY_STORAGE: what cannot be a registry is not written into', async (t) => {
  const directory = await tempDir(t);
  assert.match(await refusal(directoryStorage(directory), true), /is not the directory of a registry$/);
  writeFileSync(join(directory, 'precious'), 'mine');
  assert.match(await refusal(directoryStorage(directory), false), /is not empty and not the directory of a registry$/);
  assert.deepEqual(readdirSync(directory), ['precious']);
  assert.match(
    await refusal(directoryStorage(join(directory, 'precious')), false),
    /^cannot use .*precious: it is not a directory$/,
  );
  assert.match(await refusal(directoryStorage(join(directory, 'precious', 'x')), false), /^cannot use .*: E[A-Z]+$/);
});

test('REGISTRY_STORAGE: a directory of a newer version, or with a broken marker', async (t) => {
  for (const [marker, found] of [
    ['{"schemaVersion":2}', '2'],
    ['{"schemaVersion":"1"}', 'none'],
    ['[]', 'none'],
    ['', 'none'],
  ] as const) {
    const directory = await filled(t);
    writeFileSync(join(directory, 'registry.json'), marker);
    for (const readOnly of [true, false]) {
      const message = await refusal(directoryStorage(directory), readOnly);
      assert.match(message, new RegExp(`registry\\.json has schemaVersion ${found}, expected 1$`));
    }
  }
});

test('a kill before the marker was written is no obstacle', async (t) => {
  const directory = join(await tempDir(t), 'registry');
  mkdirSync(join(directory, 'uploads'), { recursive: true });
  writeFileSync(join(directory, 'uploads', 'left-over'), '');
  await directoryStorage(directory).prepare(false);
  assert.ok(readdirSync(directory).includes('registry.json'));
});

test('E8: uploads of a server that was killed are swept when they are old', async (t) => {
  const directory = await filled(t);
  const uploads = join(directory, 'uploads');
  for (const [name, age] of [
    ['old', 3_600_001],
    ['young', 0],
  ] as const) {
    writeFileSync(join(uploads, name), 'x');
    const time = new Date(Date.now() - age);
    utimesSync(join(uploads, name), time, time);
  }
  await directoryStorage(directory).prepare(false);
  assert.deepEqual(readdirSync(uploads), ['young']);
});

test('B12: nothing is served through a link or from what is no file', async (t) => {
  const directory = await filled(t);
  const storage = directoryStorage(directory);
  const outside = join(await tempDir(t), 'secret');
  writeFileSync(outside, 'secret');
  const blob = files(directory).find((path) => path.endsWith(digestHex(DIGEST))) ?? '';
  const digest = await storage.tag('team/app', 'v1');
  assert.ok(digest);
  const manifest = files(directory).find((path) => path.includes(`_manifests/sha256/${digestHex(digest)}`)) ?? '';
  const tag = files(directory).find((path) => path.endsWith('_tags/v1')) ?? '';
  for (const path of [blob, manifest, tag]) {
    rmSync(path);
    symlinkSync(outside, path);
  }
  assert.equal(await storage.blob('team/app', DIGEST), undefined);
  assert.equal(await storage.manifest('team/app', digest), undefined);
  assert.equal(await storage.tag('team/app', 'v1'), undefined);
  rmSync(blob);
  mkdirSync(blob);
  assert.equal(await storage.blob('team/app', DIGEST), undefined);
});

test('a large blob comes in pieces, and a blob that was cut short is an error', async (t) => {
  const directory = await filled(t);
  const storage = directoryStorage(directory);
  const bytes = Buffer.alloc(1_000_000, 'x');
  const upload = await storage.startUpload();
  await upload.write(bytes);
  await upload.commit('team/app', digestOf(bytes));
  const blob = await storage.blob('team/app', digestOf(bytes));
  assert.ok(blob);
  const sizes: number[] = [];
  for await (const chunk of blob.read(10, 999_990)) sizes.push(chunk.length);
  assert.ok(Math.max(...sizes) <= 256 * 1024);
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    999_980,
  );
  const path = files(directory).find((name) => name.endsWith(digestHex(digestOf(bytes)))) ?? '';
  writeFileSync(path, 'short');
  await assert.rejects(async () => {
    for await (const _chunk of blob.read(0, blob.size));
  }, /shorter than it was/);
});

test('an upload that is dropped leaves nothing', async (t) => {
  const directory = await filled(t);
  const upload = await directoryStorage(directory).startUpload();
  await upload.write(LAYER);
  await upload.discard();
  assert.deepEqual(readdirSync(join(directory, 'uploads')), []);
  const registry = await startRegistry(t, { storage: directoryStorage(directory) });
  await fetch(`${registry.url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
  await registry.close();
  assert.deepEqual(readdirSync(join(directory, 'uploads')), []);
});
