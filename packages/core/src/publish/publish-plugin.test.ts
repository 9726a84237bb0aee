import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { ContentSink, Descriptor } from '@gantry/oci';
import { parseManifest, parsePlatform, verifyBytes } from '@gantry/oci';
import { tempDir } from '@gantry/testkit';
import { extract } from 'tar-stream';
import { publishPlugin } from './publish-plugin.ts';

/** Keeps what is pushed, checking each blob and that a manifest comes after what it names. */
class Sink implements ContentSink {
  readonly contents = new Map<string, Uint8Array>();
  readonly tags = new Map<string, Descriptor>();

  async has(what: Descriptor): Promise<boolean> {
    return this.contents.has(what.digest);
  }

  async pushBlob(what: Descriptor, content: () => AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    verifyBytes(what, bytes);
    this.contents.set(what.digest, bytes);
  }

  async pushManifest(what: Descriptor, bytes: Uint8Array, options: { readonly tag?: string } = {}): Promise<void> {
    const manifest = parseManifest(bytes, what);
    const named = manifest.kind === 'index' ? manifest.manifests : manifest.layers;
    for (const { digest } of named) assert.ok(this.contents.has(digest));
    this.contents.set(what.digest, bytes);
    if (options.tag !== undefined) this.tags.set(options.tag, what);
  }

  document(what: Descriptor): Record<string, unknown> {
    return JSON.parse(Buffer.from(this.contents.get(what.digest) ?? []).toString());
  }
}

const script = '#!/bin/sh\necho hello\n';
const wasm = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

async function files(t: Parameters<typeof tempDir>[0]): Promise<string> {
  const directory = await tempDir(t);
  await writeFile(join(directory, 'hello.sh'), script);
  await writeFile(join(directory, 'plugin.wasm'), wasm);
  return directory;
}

test('an executable is the raw first layer, as Ratify reads it', async (t) => {
  const directory = await files(t);
  const sink = new Sink();
  const published = await publishPlugin(sink, { content: [join(directory, 'hello.sh')], tag: '1.0' });
  assert.equal(published.kind, 'executable');
  assert.deepEqual(published.platforms, []);
  assert.equal(sink.tags.get('1.0')?.digest, published.root.digest);
  const manifest = sink.document(published.root);
  assert.equal(manifest['artifactType'], 'application/vnd.gantry.executable.v1');
  const [layer] = published.layers;
  assert.ok(layer);
  assert.deepEqual(manifest['layers'], [
    {
      mediaType: 'application/octet-stream',
      digest: layer.digest,
      size: script.length,
      annotations: { 'org.opencontainers.image.title': 'hello.sh' },
    },
  ]);
  assert.equal(Buffer.from(sink.contents.get(layer.digest) ?? []).toString(), script);
});

test('a Wasm module has the layer type and the annotation that QueryMT reads', async (t) => {
  const directory = await files(t);
  const sink = new Sink();
  const annotations = { 'org.opencontainers.image.version': '0.5.2' };
  const { root, kind } = await publishPlugin(sink, { content: [join(directory, 'plugin.wasm')], annotations });
  assert.equal(kind, 'wasm');
  const manifest = sink.document(root) as Record<string, { mediaType?: string }[]>;
  assert.equal(manifest['layers']?.[0]?.mediaType, 'application/vnd.wasm.v1.layer+wasm');
  assert.equal((manifest['config'] as { mediaType?: string }).mediaType, 'application/vnd.wasm.v1.config+json');
  assert.deepEqual(manifest['annotations'], {
    'mt.query.plugin.type': 'extism',
    'org.opencontainers.image.version': '0.5.2',
  });
});

test('what is not a Wasm module is not published as one', async (t) => {
  const directory = await files(t);
  await assert.rejects(publishPlugin(new Sink(), { content: [join(directory, 'hello.sh')], kind: 'wasm' }), {
    code: 'CONTENT_TYPE_MISMATCH',
  });
});

test('a Node package is one archive below its own name, with the annotation that Developer Hub reads', async (t) => {
  const directory = await tempDir(t);
  const source = join(directory, 'src');
  await mkdir(join(source, 'dist'), { recursive: true });
  await writeFile(join(source, 'dist', 'index.js'), 'module.exports = 1;');
  await writeFile(
    join(source, 'package.json'),
    JSON.stringify({ name: '@acme/plugin-a-dynamic', version: '1.0.0', scripts: {} }),
  );
  const sink = new Sink();
  const { root, kind, layers } = await publishPlugin(sink, { content: [source] });
  assert.equal(kind, 'node');
  const { annotations } = sink.document(root) as { annotations: Record<string, string> };
  const packages = Buffer.from(annotations['io.backstage.dynamic-packages'] ?? '', 'base64').toString();
  assert.deepEqual(JSON.parse(packages), [{ 'acme-plugin-a': { name: '@acme/plugin-a-dynamic', version: '1.0.0' } }]);
  assert.deepEqual(await listed(sink, layers[0]), [
    ['acme-plugin-a/', 0o755],
    ['acme-plugin-a/dist/', 0o755],
    ['acme-plugin-a/dist/index.js', 0o644],
    ['acme-plugin-a/package.json', 0o644],
  ]);
});

test('a Node package without a usable package.json is refused', async (t) => {
  const directory = await tempDir(t);
  const attempt = (): Promise<unknown> => publishPlugin(new Sink(), { content: [directory], kind: 'node' });
  await assert.rejects(attempt(), { code: 'CONFIG_PATH_UNREADABLE' });
  for (const text of ['{', '[]', '{}', '{"name": "../x"}']) {
    await writeFile(join(directory, 'package.json'), text);
    await assert.rejects(attempt(), { code: 'CONFIG_INVALID' });
  }
});

test('the same input gives the same bytes, whatever times and modes the files have', async (t) => {
  const digests = new Set<string>();
  for (const time of [1, 1_700_000_000]) {
    const directory = await tempDir(t);
    const source = join(directory, 'data');
    await mkdir(join(source, 'sub'), { recursive: true });
    for (const name of time === 1 ? ['b', 'a', 'sub/c'] : ['sub/c', 'a', 'b']) {
      await writeFile(join(source, name), name);
      await utimes(join(source, name), time, time);
    }
    await chmod(join(source, 'a'), time === 1 ? 0o600 : 0o666);
    const annotations = time === 1 ? { x: '1', a: '2' } : { a: '2', x: '1' };
    digests.add((await publishPlugin(new Sink(), { content: [source], annotations })).root.digest);
  }
  assert.equal(digests.size, 1);
});

test('one file for each platform makes an index, in the same order for any order of arguments', async (t) => {
  const directory = await files(t);
  const path = join(directory, 'hello.sh');
  const roots = new Set<string>();
  for (const names of [
    ['linux/amd64', 'linux/arm64/v8'],
    ['linux/arm64/v8', 'linux/amd64'],
  ]) {
    const sink = new Sink();
    const content = names.map((name) => ({ platform: parsePlatform(name), path }));
    const { root, kind } = await publishPlugin(sink, { content, tag: 'multi' });
    assert.equal(kind, 'executable');
    assert.deepEqual([...sink.tags.keys()], ['multi']);
    assert.deepEqual(
      (sink.document(root) as { manifests: { platform: object }[] }).manifests.map((entry) => entry.platform),
      [parsePlatform('linux/amd64'), parsePlatform('linux/arm64/v8')],
    );
    roots.add(root.digest);
  }
  assert.equal(roots.size, 1);
  const twice = [parsePlatform('linux/amd64'), parsePlatform('linux/amd64')].map((platform) => ({ platform, path }));
  await assert.rejects(publishPlugin(new Sink(), { content: twice }), { code: 'CONFIG_INVALID' });
});

test('a link that the user names is followed', async (t) => {
  const directory = await tempDir(t);
  await mkdir(join(directory, 'real'));
  await writeFile(join(directory, 'real', 'a'), 'a');
  await symlink('real', join(directory, 'link'));
  const [real, link] = await Promise.all(
    ['real', 'link'].map((name) => publishPlugin(new Sink(), { content: [join(directory, name)] })),
  );
  assert.equal(link?.layers[0]?.digest, real?.layers[0]?.digest);
});

test('links in a directory are refused, unreadable paths are named, and no temporary file stays', async (t) => {
  const directory = await tempDir(t);
  const temporary = await tempDir(t);
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = temporary;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  });
  await symlink('/etc/passwd', join(directory, 'link'));
  await assert.rejects(publishPlugin(new Sink(), { content: [directory] }), { code: 'ARCHIVE_UNSAFE_LINK' });
  await assert.rejects(publishPlugin(new Sink(), { content: [join(directory, 'absent')] }), {
    code: 'CONFIG_PATH_UNREADABLE',
    message: /absent: there is no such file/,
  });
  await assert.rejects(publishPlugin(new Sink(), { content: ['/dev/null'] }), { code: 'CONFIG_PATH_UNREADABLE' });
  await assert.rejects(publishPlugin(new Sink(), { content: [] }), { code: 'CONFIG_INVALID' });
  await mkdir(join(directory, 'fine'));
  await publishPlugin(new Sink(), { content: [join(directory, 'fine')] });
  assert.deepEqual(await readdir(temporary), []);
});

async function listed(sink: Sink, layer: Descriptor | undefined): Promise<[string, number | undefined][]> {
  const reader = extract();
  const found: [string, number | undefined][] = [];
  reader.on('entry', (header, stream, next) => {
    found.push([header.name, header.mode]);
    stream.resume().on('end', next);
  });
  reader.end(gunzipSync(sink.contents.get(layer?.digest ?? '') ?? new Uint8Array()));
  for await (const _ of reader);
  return found;
}
