import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { digestOf, memoryRepository, parseManifest, type Repository, readAll } from '@gantry/oci';
import { storageSink, tempDir } from '@gantry/testkit';
import { imageWorld } from '../images/images.fixture.ts';
import { exampleConfiguration } from './example-configuration.ts';
import { exportPlugin, writeFiles } from './exported.fixture.ts';
import { publishPlugins } from './publish-plugins.ts';

/** The names in a tar archive, in its order, and every owner that it names. */
function listTar(bytes: Buffer): { names: string[]; owners: Set<string> } {
  const names: string[] = [];
  const owners = new Set<string>();
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const text = (from: number, length: number): string =>
      bytes.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    names.push(text(0, 100));
    owners.add(`${Number.parseInt(text(108, 8), 8)}:${Number.parseInt(text(116, 8), 8)}`);
    at += 512 + Math.ceil(Number.parseInt(text(124, 12), 8) / 512) * 512;
  }
  return { names, owners };
}

async function documentsOf(repository: Repository, tag: string) {
  const root = await repository.resolve({ kind: 'layout', directory: '.', tag });
  const manifest = parseManifest(await readAll(repository, root), root);
  assert.equal(manifest.kind, 'image');
  assert.ok(manifest.kind === 'image');
  const config = JSON.parse(Buffer.from(await readAll(repository, manifest.config)).toString());
  const [layer] = manifest.layers;
  assert.ok(layer);
  return { manifest, config, layer, tar: gunzipSync(await readAll(repository, layer)) };
}

test('plugins are laid out and annotated as rhdh-cli does it', async (t) => {
  const directory = await tempDir(t);
  const one = await exportPlugin(join(directory, 'one'), '@acme/plugin-one');
  await exportPlugin(join(directory, 'two'), 'plugin-two', {
    manifest: { license: 'MIT', backstage: { role: 'frontend-plugin' } },
  });
  const repository = memoryRepository();
  const directories = [one, join(directory, 'two')];
  const { root, plugins } = await publishPlugins(repository, {
    directories,
    annotations: { 'a.b': 'c' },
    labels: { name: 'x' },
    tag: '1.0',
  });
  const { manifest, config, layer, tar } = await documentsOf(repository, '1.0');
  const listed = [
    {
      'acme-plugin-one': {
        name: '@acme/plugin-one-dynamic',
        version: '1.2.3',
        description: 'greets',
        backstage: { role: 'backend-plugin' },
      },
    },
    {
      'plugin-two': {
        name: 'plugin-two-dynamic',
        version: '1.2.3',
        description: 'greets',
        backstage: { role: 'frontend-plugin' },
        license: 'MIT',
      },
    },
  ];
  assert.deepEqual(
    plugins.map(({ directory: name }) => name),
    ['acme-plugin-one', 'plugin-two'],
  );
  assert.deepEqual(
    { ...manifest.annotations },
    {
      'a.b': 'c',
      'io.backstage.dynamic-packages': Buffer.from(JSON.stringify(listed)).toString('base64'),
    },
  );
  assert.equal(root.mediaType, 'application/vnd.oci.image.manifest.v1+json');
  assert.equal(manifest.layers.length, 1);
  assert.equal(layer.mediaType, 'application/vnd.oci.image.layer.v1.tar+gzip');
  assert.deepEqual([config.os, config.architecture, config.config.Labels], ['linux', 'amd64', { name: 'x' }]);
  assert.deepEqual(config.rootfs, { type: 'layers', diff_ids: [digestOf(tar)] });
  const { names, owners } = listTar(tar);
  assert.deepEqual(owners, new Set(['0:0']));
  const files = [
    '/',
    '/dist/',
    '/dist/index.cjs.js',
    '/node_modules/',
    '/node_modules/inner/',
    '/node_modules/inner/index.js',
    '/node_modules/inner/package.json',
    '/package.json',
  ];
  assert.deepEqual(names, [
    ...files.map((path) => `acme-plugin-one${path}`),
    'index.json',
    ...files.map((path) => `plugin-two${path}`),
  ]);
  assert.ok(tar.includes(JSON.stringify(listed, null, 2)), 'index.json is the same list');
  const again = await publishPlugins(memoryRepository(), {
    directories,
    annotations: { 'a.b': 'c' },
    labels: { name: 'x' },
  });
  assert.equal(again.root.digest, root.digest, 'the same input gives the same bytes');
});

test('what is published is found, detected and staged by the installer', async (t) => {
  const directory = await tempDir(t);
  const world = await imageWorld(t);
  const one = await exportPlugin(join(directory, 'one'), '@acme/plugin-one');
  const { root } = await publishPlugins(storageSink(world.registry.storage, 'acme/one'), {
    directories: [one],
    tag: '2.0',
  });
  const images = world.open();
  const image = 'registry.example/acme/one:2.0';
  assert.deepEqual(await images.paths(image), ['acme-plugin-one']);
  const staged = await images.stage(image, ['acme-plugin-one'], world.staging);
  const plugin = staged.get('acme-plugin-one');
  assert.ok(plugin !== undefined && 'directory' in plugin);
  assert.equal(plugin.digest, root.digest);
  assert.deepEqual(readdirSync(plugin.directory).sort(), ['dist', 'node_modules', 'package.json']);
  assert.equal(readFileSync(join(plugin.directory, 'dist/index.cjs.js'), 'utf8'), 'exports.x = 1;\n');
});

test('another platform is what the config says', async (t) => {
  const one = await exportPlugin(await tempDir(t), 'plugin-one');
  const repository = memoryRepository();
  const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
  await publishPlugins(repository, { directories: [one], platform, tag: 'arm' });
  const { config } = await documentsOf(repository, 'arm');
  assert.deepEqual([config.os, config.architecture, config.variant], ['linux', 'arm64', 'v8']);
});

test('D11: what is no plugin fails the whole, and nothing is sent', async (t) => {
  const directory = await tempDir(t);
  const good = await exportPlugin(join(directory, 'good'), 'plugin-good');
  const same = await exportPlugin(join(directory, 'same'), 'plugin-good');
  const library = await exportPlugin(join(directory, 'library'), 'library', {
    manifest: { backstage: { role: 'node-library' } },
  });
  const bare = await exportPlugin(join(directory, 'bare'), 'bare', { manifest: { backstage: undefined } });
  const unbuilt = await exportPlugin(join(directory, 'unbuilt'), 'unbuilt', { manifest: { main: 'dist/absent.js' } });
  const mainless = await exportPlugin(join(directory, 'mainless'), 'mainless', {
    manifest: { main: undefined, backstage: { role: 'frontend-plugin' } },
  });
  const escaping = await exportPlugin(join(directory, 'escaping'), 'x', { manifest: { name: '../../escape' } });
  const unversioned = await exportPlugin(join(directory, 'unversioned'), 'unversioned', {
    manifest: { version: undefined },
  });
  await mkdir(join(directory, 'empty'));
  const broken = join(directory, 'broken');
  await writeFiles(broken, { 'package.json': '{' });
  const cases: readonly (readonly [what: readonly string[], code: string, message: RegExp])[] = [
    [[], 'CONFIG_INVALID', /nothing is named/],
    [[join(directory, 'empty')], 'CONFIG_PATH_UNREADABLE', /package\.json/],
    [[broken], 'CONFIG_INVALID', /is not JSON/],
    [[library], 'CONFIG_PACKAGE', /has the role node-library, expected that of a plugin/],
    [[bare], 'CONFIG_PACKAGE', /has no backstage\.role/],
    [[unbuilt], 'CONFIG_PACKAGE', /found dist\/absent\.js, which is not there/],
    [[mainless], 'CONFIG_PACKAGE', /as main, found none/],
    [[unversioned], 'CONFIG_PACKAGE', /no name and version/],
    [[escaping], 'CONFIG_INVALID', /no usable name/],
    [[good, same], 'CONFIG_PLUGIN_DUPLICATE', /would both be plugin-good in the image/],
    [[good, library], 'CONFIG_PACKAGE', /node-library/],
  ];
  for (const [directories, code, message] of cases) {
    const repository = memoryRepository();
    await assert.rejects(publishPlugins(repository, { directories, tag: 'x' }), { code, message });
    for await (const tag of repository.tags()) assert.fail(`the tag ${tag} was set`);
  }
  await assert.rejects(
    publishPlugins(memoryRepository(), {
      directories: [good],
      annotations: { 'io.backstage.dynamic-packages': 'W10=' },
    }),
    { code: 'CONFIG_INVALID' },
  );
});

test('a file larger than pluginEntryBytes is refused, one of just that size is not', async (t) => {
  const one = await exportPlugin(await tempDir(t), 'one', { files: { 'dist/large.js': 'x'.repeat(1000) } });
  await publishPlugins(memoryRepository(), { directories: [one] }, { limits: { pluginEntryBytes: 1000 } });
  await assert.rejects(
    publishPlugins(memoryRepository(), { directories: [one] }, { limits: { pluginEntryBytes: 999 } }),
    {
      code: 'ARCHIVE_LIMIT',
    },
  );
});

test('D2: links in a plugin are not published, as npm does not pack them', async (t) => {
  const one = await exportPlugin(await tempDir(t), 'one');
  await symlink('/etc/passwd', join(one, 'dist', 'passwd'));
  await symlink('index.cjs.js', join(one, 'dist', 'inside.js'));
  const repository = memoryRepository();
  await publishPlugins(repository, { directories: [one], tag: '1' });
  const { tar } = await documentsOf(repository, '1');
  const { names } = listTar(tar);
  assert.deepEqual(
    names.filter((name) => name.startsWith('one/dist/')),
    ['one/dist/', 'one/dist/index.cjs.js'],
  );
});

test('the example has the configuration that the plugin comes with', async (t) => {
  const directory = await tempDir(t);
  const one = await exportPlugin(join(directory, 'one'), '@acme/plugin-one');
  await writeFiles(join(directory, 'one'), {
    'app-config.yaml': 'never: read\n',
    'app-config.janus-idp.yaml': 'dynamicPlugins:\n  frontend:\n    acme.one:\n      mountPoints: [a]\n',
  });
  const two = await exportPlugin(join(directory, 'two'), 'plugin-two');
  const { plugins } = await publishPlugins(memoryRepository(), { directories: [one, two] });
  assert.equal(
    exampleConfiguration('quay.example/acme/all:1.0', 'quay.example/acme/all@sha256:0123', plugins),
    `plugins:
  # by digest: oci://quay.example/acme/all@sha256:0123!acme-plugin-one
  - package: oci://quay.example/acme/all:1.0!acme-plugin-one
    disabled: false
    pluginConfig:
      dynamicPlugins:
        frontend:
          acme.one:
            mountPoints:
            - a
  # by digest: oci://quay.example/acme/all@sha256:0123!plugin-two
  - package: oci://quay.example/acme/all:1.0!plugin-two
    disabled: false
`,
  );
  rmSync(join(directory, 'one', 'app-config.janus-idp.yaml'));
  assert.match(exampleConfiguration('a.example/b:1', 'a.example/b@sha256:0', plugins), /never: read/);
});
