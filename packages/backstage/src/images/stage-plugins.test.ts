import assert from 'node:assert/strict';
import { chmodSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  ESCAPING_NAMES,
  forgeTar,
  gzipped,
  SPECIAL_FILES,
  SPECIAL_MODES,
  type TarEntry,
  zstdCompressed,
} from '@gantry/testkit';
import { annotated, codeOf, good, imageWorld, layerOf, pluginFiles, TAR_GZIP } from './images.fixture.ts';

const TAR = 'application/vnd.oci.image.layer.v1.tar';
const link = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname });
const hard = (name: string, linkname: string): TarEntry => ({ name, type: 'link', linkname });

const forms: Readonly<Record<string, (tar: Buffer) => { content: Uint8Array; mediaType: string }>> = {
  gzip: (tar) => ({ content: gzipped(tar), mediaType: TAR_GZIP }),
  zstd: (tar) => ({ content: zstdCompressed(tar), mediaType: `${TAR}+zstd` }),
  'plain tar': (tar) => ({ content: tar, mediaType: TAR }),
  'gzip of Docker': (tar) => ({
    content: gzipped(tar),
    mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  }),
};
for (const [what, form] of Object.entries(forms)) {
  test(`a layer of ${what} is unpacked`, async (t) => {
    const world = await imageWorld(t);
    const layers = [form(Buffer.from(forgeTar(pluginFiles('one'))))];
    const { image } = await world.publish('acme/one', { layers });
    good(await world.open().stage(image, ['one'], world.staging), 'one');
  });
}

test('all layers count, in order, with whiteouts; a name is not a prefix', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/one', {
    layers: [
      layerOf(...pluginFiles('foo', 'old'), { name: 'foo/gone', content: 'x' }, ...pluginFiles('foo-bar')),
      layerOf({ name: 'foo/index.js', content: '// new' }, { name: 'foo/.wh.gone', content: '' }),
      layerOf({ name: 'unrelated', content: 'x' }),
    ],
  });
  const { directory } = good(await world.open().stage(image, ['foo'], world.staging), 'foo');
  assert.deepEqual(readdirSync(directory).sort(), ['index.js', 'package.json']);
  assert.equal(readFileSync(join(directory, 'index.js'), 'utf8'), '// new');
  assert.ok(!readdirSync(join(directory, '..')).includes('foo-bar'));
});

test('a plugin that a later layer removes is not there', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/one', {
    layers: [layerOf(...pluginFiles('one'), ...pluginFiles('two')), layerOf({ name: '.wh.two', content: '' })],
  });
  const staged = await world.open().stage(image, ['one', 'two'], world.staging);
  good(staged, 'one');
  assert.equal(codeOf(staged, 'two'), 'CONFIG_PLUGIN_PATH');
});

test('a directory that is not there: the hint lists those of the annotation', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/listed', {
    layers: [layerOf(...pluginFiles('one'))],
    annotations: annotated('one', 'three'),
  });
  const absent = (await world.open().stage(image, ['on'], world.staging)).get('on');
  assert.ok(absent instanceof Error);
  assert.equal(absent.message, `${image}!on: the image has no such directory`);
  assert.equal(absent.hint, 'plugins of this image are !one, !three');
});

test('D2: links are resolved from where they are; those that leave their plugin are left out', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/links', {
    layers: [
      layerOf(
        ...pluginFiles('one'),
        ...pluginFiles('two'),
        link('one/node_modules/.bin/tool', '../tool/cli.js'),
        { name: 'one/node_modules/tool/cli.js', content: '#!' },
        link('one/up', '../two/index.js'),
        link('one/absolute', '/etc/passwd'),
        link('one/far', '../../../../etc/passwd'),
        link('two/same', './index.js'),
      ),
    ],
  });
  const staged = await world.open().stage(image, ['one'], world.staging);
  const { directory } = good(staged, 'one');
  assert.equal(readlinkSync(join(directory, 'node_modules/.bin/tool')), '../tool/cli.js');
  assert.deepEqual(readdirSync(directory).sort(), ['index.js', 'node_modules', 'package.json']);
  assert.deepEqual(
    world.lines.sort(),
    ['one/absolute -> /etc/passwd', 'one/far -> ../../../../etc/passwd', 'one/up -> ../two/index.js'].map(
      (text) => `\t==> WARNING: skipping file containing link outside of the archive: ${text}`,
    ),
  );
});

test('D3: hard links across plugins become copies, whatever is asked for', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/hard', {
    layers: [
      layerOf(
        ...pluginFiles('one'),
        ...pluginFiles('two'),
        hard('two/shared.js', 'one/index.js'),
        hard('two/again.js', 'two/shared.js'),
        hard('two/out', '../../etc/passwd'),
      ),
    ],
  });
  const both = await world.open().stage(image, ['one', 'two'], world.staging);
  const alone = await world.open().stage(image, ['two'], world.staging);
  for (const staged of [both, alone]) {
    const { directory } = good(staged, 'two');
    assert.deepEqual(readdirSync(directory).sort(), ['again.js', 'index.js', 'package.json', 'shared.js']);
    for (const name of ['shared.js', 'again.js']) {
      assert.equal(readFileSync(join(directory, name), 'utf8'), '// one\n');
      assert.equal(lstatSync(join(directory, name)).nlink, 1);
    }
  }
  assert.ok(world.lines.some((line) => line.endsWith('two/out -> ../../etc/passwd')));
});

/** Plain names on Linux, where an image's files may be called so. */
const isPlain = (name: string): boolean => /\\|^[a-z]:/i.test(name) && !/(?:^|\/)\.\.?(?:\/|$)/.test(name);

for (const name of ESCAPING_NAMES.filter((each) => !isPlain(each))) {
  test(`D1: ${JSON.stringify(name)} refuses the image, wherever it stands`, async (t) => {
    const world = await imageWorld(t);
    const evil = { name, content: 'moo' };
    const orders = [
      [evil, ...pluginFiles('one')],
      [...pluginFiles('one'), evil, ...pluginFiles('two')],
      [...pluginFiles('one'), evil],
    ];
    for (const [index, entries] of orders.entries()) {
      const { image } = await world.publish(`acme/evil${index}`, { layers: [layerOf(...entries)] });
      await assert.rejects(world.open().stage(image, ['one'], world.staging), { code: 'ARCHIVE_UNSAFE_PATH' });
    }
    assert.ok(readdirSync(world.root).every((entry) => entry.startsWith('.gantry-')));
  });
}

for (const { name, entries } of SPECIAL_FILES) {
  test(`D5: ${name} refuses the image`, async (t) => {
    const world = await imageWorld(t);
    const inside = entries.map((entry) => ({ ...entry, name: `one/${String(entry.name)}` }));
    const { image } = await world.publish('acme/special', { layers: [layerOf(...pluginFiles('one'), ...inside)] });
    await assert.rejects(world.open().stage(image, ['one'], world.staging), (error: Error) => {
      return 'code' in error && ['ARCHIVE_UNSAFE_ENTRY', 'ARCHIVE_INVALID'].includes(String(error.code));
    });
  });
}

test('D6: modes are ours; group-writable where the root is', async (t) => {
  const world = await imageWorld(t);
  const special = SPECIAL_MODES.map((entry) => ({ ...entry, name: `one/${String(entry.name)}` }));
  const { image } = await world.publish('acme/modes', { layers: [layerOf(...pluginFiles('one'), ...special)] });
  for (const [rootMode, file, executable, inside] of [
    [0o755, 0o644, 0o755, 0o755],
    [0o2775, 0o664, 0o775, 0o775],
  ] as const) {
    chmodSync(world.root, rootMode);
    const { directory } = good(await world.open().stage(image, ['one'], world.staging), 'one');
    assert.equal(statSync(directory).mode & 0o7777, inside);
    for (const name of readdirSync(directory)) {
      const mode = statSync(join(directory, name)).mode & 0o7777;
      assert.ok(mode === file || mode === executable, `${name}: ${mode.toString(8)}`);
    }
  }
});

test('D8: a file above MAX_ENTRY_SIZE fails its plugin alone', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/large', {
    layers: [
      layerOf(
        ...pluginFiles('one'),
        { name: 'one/exact', content: Buffer.alloc(1000) },
        ...pluginFiles('two'),
        { name: 'two/large', content: Buffer.alloc(1001) },
        { name: 'three/huge', content: Buffer.alloc(5000) },
      ),
    ],
  });
  const staged = await world.open({ maxEntryBytes: 1000 }).stage(image, ['one', 'two'], world.staging);
  good(staged, 'one');
  const refused = staged.get('two');
  assert.ok(refused instanceof Error);
  assert.equal(refused.code, 'ARCHIVE_LIMIT');
  assert.equal(refused.message, 'Zip bomb detected in two/large');
});

test('D8: totals hold over everything that goes by, written or not', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/many', {
    layers: [
      layerOf(...pluginFiles('one'), ...Array.from({ length: 20 }, (_, at) => ({ name: `x/${at}`, content: 'x' }))),
    ],
  });
  for (const limits of [{ archiveEntries: 20 }, { archiveTotalBytes: 10_000 }]) {
    await assert.rejects(world.open().stage(image, ['one'], world.staging, { limits }), { code: 'ARCHIVE_LIMIT' });
  }
});

test('D12: a layer that is not what its type says is refused', async (t) => {
  const world = await imageWorld(t);
  const page = { content: '<!doctype html>'.padEnd(1024), mediaType: TAR_GZIP };
  const zstd = { content: zstdCompressed(forgeTar(pluginFiles('one'))), mediaType: TAR_GZIP };
  const other = { content: 'x', mediaType: 'application/vnd.acme.thing' };
  for (const [index, layer] of [page, zstd, other].entries()) {
    const { image } = await world.publish(`acme/odd${index}`, { layers: [layer] });
    await assert.rejects(world.open().stage(image, ['one'], world.staging), { code: 'CONTENT_TYPE_MISMATCH' });
  }
});

test('B1, D4: nothing is staged of a layer with wrong bytes, and no blob is left', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/one', { layers: [layerOf(...pluginFiles('one'))] });
  world.registry.script([
    {
      path: '/blobs/',
      alter: (body) => {
        body[body.length - 9] = (body[body.length - 9] ?? 0) ^ 1;
        return body;
      },
    },
  ]);
  await assert.rejects(world.open().stage(image, ['one'], world.staging), (error: Error) => {
    return 'code' in error && ['CONTENT_DIGEST_MISMATCH', 'ARCHIVE_INVALID'].includes(String(error.code));
  });
  assert.ok(readdirSync(world.staging).every((name) => !name.startsWith('blob-')));
});

test('F3: a download that breaks goes on where it was', async (t) => {
  const world = await imageWorld(t);
  const noise = Buffer.from(Array.from({ length: 60_000 }, (_, at) => (at * at * 31 + (at >> 3)) & 0xff));
  const { image, published } = await world.publish('acme/one', {
    annotations: annotated('one'),
    layers: [
      {
        content: Buffer.from(forgeTar([...pluginFiles('one'), { name: 'one/noise', content: noise }])),
        mediaType: TAR,
      },
    ],
  });
  world.registry.script([{ method: 'GET', path: '/blobs/', nth: 1, cut: 20_000 }]);
  const plugin = good(await world.open().stage(image, ['one'], world.staging), 'one');
  assert.deepEqual(readFileSync(join(plugin.directory, 'noise')), noise);
  assert.equal(plugin.bytes, published.layers[0]?.size);
  assert.equal(world.registry.log.count('GET', '/blobs/'), 2);
  assert.ok(
    readdirSync(world.staging).every((name) => !name.startsWith('blob-')),
    'compressed layers go when they are read',
  );
});

test('F12: an aborted download ends with the reason and leaves no blob', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/one', { layers: [layerOf(...pluginFiles('one'))] });
  const aborter = new AbortController();
  world.registry.script([{ path: '/blobs/', stall: 10 }]);
  const reason = new Error('enough');
  const images = world.open();
  await images.admit(image);
  const staging = images.stage(image, ['one'], world.staging, {
    signal: aborter.signal,
    onEvent: () => {},
  });
  const started = Promise.withResolvers<void>();
  const look = setInterval(() => {
    if (world.registry.log.count('GET', '/blobs/') === 1) started.resolve();
  }, 5);
  await started.promise;
  clearInterval(look);
  aborter.abort(reason);
  await assert.rejects(staging, reason);
  assert.ok(readdirSync(world.staging).every((name) => !name.startsWith('blob-')));
});
