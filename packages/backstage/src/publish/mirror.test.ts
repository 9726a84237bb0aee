import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keySigner, type Policy, signArtifact } from '@gantry/core';
import {
  type Digest,
  formatReference,
  openRepository,
  openTransport,
  parseReference,
  type Reference,
  type RegistryReference,
} from '@gantry/oci';
import {
  fakeEnvironment,
  type NpmRegistry,
  publishArtifact,
  startNpmRegistry,
  startRegistry,
  storageSink,
  type TestRegistry,
  tempDir,
} from '@gantry/testkit';
import { layerOf, pluginFiles } from '../images/images.fixture.ts';
import { imageReference } from '../images/resolve-image.ts';
import { installDynamicPlugins } from '../install/install-dynamic-plugins.ts';
import { exportPlugin, writeFiles } from './exported.fixture.ts';
import type { HubOptions } from './hub-sources.ts';
import { mirroredReference, mirrorPlace } from './mirror-place.ts';
import { mirrorToDirectory } from './mirror-to-directory.ts';
import { type MirroredRegistry, mirrorToRegistry } from './mirror-to-registry.ts';
import { publishCatalogIndex } from './publish-catalog-index.ts';
import { publishPlugins } from './publish-plugins.ts';

const silent = { line: () => {}, warn: () => {} };
const NOTHING_REQUIRED: Policy = { fallback: 'none', lists: [] };

interface World {
  readonly source: TestRegistry;
  readonly npm: NpmRegistry;
  /** Working directory. */
  readonly cwd: string;
  /** The mirror directory, which does not exist yet. */
  readonly mirror: string;
  options(env?: Readonly<Record<string, string>>): HubOptions;
  push(registry: TestRegistry, prefix: string): Promise<MirroredRegistry>;
}

async function world(t: TestContext): Promise<World> {
  const [cwd, source, npm] = await Promise.all([tempDir(t), startRegistry(t), startNpmRegistry(t)]);
  await writeFile(join(cwd, '.npmrc'), `registry=${npm.url}\n`);
  const plain = { HOME: cwd, TMPDIR: cwd, PATH: '', PREFIX: cwd, GANTRY_HOME: join(cwd, 'home') };
  const mirror = join(cwd, 'mirror');
  return {
    ...{ source, npm, cwd, mirror },
    options: (env = {}) => ({
      directory: cwd,
      environment: fakeEnvironment({ env: { ...plain, ...env } }),
      policy: NOTHING_REQUIRED,
      settings: {},
      registries: { [source.address]: { plainHttp: true } },
      log: silent,
    }),
    push: async (registry, prefix) => {
      await using transport = openTransport({ registries: { [registry.address]: { plainHttp: true } } });
      const place = mirrorPlace(`${registry.address}${prefix}`);
      const open = (reference: RegistryReference) => openRepository(reference, transport);
      return await mirrorToRegistry(mirror, { place, openRepository: open, insecure: true });
    },
  };
}

/** A signed image of two plugins, a catalog index that names one of them, an npm package and a local directory. */
async function fill({ source, npm, cwd }: World) {
  const sink = (name: string) => storageSink(source.storage, name);
  const [one, two] = [await exportPlugin(join(cwd, 'one'), 'one'), await exportPlugin(join(cwd, 'two'), 'two')];
  const image = await publishPlugins(sink('acme/all'), { directories: [one, two], tag: '1.0' });
  const other = await publishArtifact(sink('acme/other'), { tag: '2.0', layers: [layerOf(...pluginFiles('other'))] });
  await writeFile(
    join(cwd, 'index.yaml'),
    `plugins:\n  - package: oci://${source.address}/acme/other:2.0!other\n    disabled: false\n` +
      `  - package: oci://${source.address}/acme/never:1.0!x\n    disabled: true\n`,
  );
  const index = join(cwd, 'index');
  await exportIndex(index, await readFile(join(cwd, 'index.yaml'), 'utf8'));
  await publishCatalogIndex(sink('acme/index'), { directory: index, tag: '1.10', log: silent });
  await using transport = openTransport({ registries: { [source.address]: { plainHttp: true } } });
  const repository = openRepository(`${source.address}/acme/all`, transport);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = await keySigner(String(privateKey.export({ type: 'pkcs8', format: 'pem' })), 'test key', () => '');
  await signArtifact(repository, image.root, { signer, format: 'both' });
  const published = npm.publish({ name: '@acme/four-dynamic', version: '4.0.0' });
  await exportPlugin(join(cwd, 'local'), 'local');
  await writeFile(
    join(cwd, 'dynamic-plugins.yaml'),
    `includes: [dynamic-plugins.default.yaml]
plugins:
  - package: oci://${source.address}/acme/all:1.0!one
  - package: oci://${source.address}/acme/all@${image.root.digest}!two
  - package: '@acme/four-dynamic@4.0.0'
    integrity: ${published.integrity}
  - package: ./local/dist-dynamic
`,
  );
  source.log.clear();
  return { image, other, published, catalog: `${source.address}/acme/index:1.10` };
}

async function exportIndex(directory: string, text: string): Promise<void> {
  await writeFiles(directory, {
    'dynamic-plugins.default.yaml': text,
    'catalog-entities/extensions/one.yaml': 'kind: Plugin\n',
  });
}

test('everything a configuration needs goes through an air gap, signatures too, and is installed from the mirror', async (t) => {
  const here = await world(t);
  const { source, npm, cwd, mirror } = here;
  const { image, other, published, catalog } = await fill(here);
  const env = { CATALOG_INDEX_IMAGE: `docker://${catalog}` };
  const filled = await mirrorToDirectory(mirror, here.options(env));
  assert.deepEqual(filled.failures, []);
  assert.deepEqual(
    filled.images.map((one) => one.image.slice(source.address.length)),
    ['/acme/index:1.10', '/acme/other:2.0', '/acme/all:1.0', `/acme/all@${image.root.digest}`],
  );
  assert.deepEqual(filled.local, ['./local/dist-dynamic']);
  assert.equal(filled.packages[0]?.integrity, published.integrity);
  assert.deepEqual(await readFile(join(mirror, filled.packages[0]?.file ?? '')), published.tarball);
  const paths = source.log.requests.filter(({ path }) => path.includes('/blobs/')).map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length, 'no blob is downloaded twice');

  const target = await startRegistry(t);
  const pushed = await here.push(target, '/hub');
  const segment = source.address.replace(':', '-');
  assert.deepEqual(
    pushed.images.map(({ mirrored }) => mirrored),
    [
      `${target.address}/hub/${segment}/acme/index:1.10@${filled.images[0]?.digest}`,
      `${target.address}/hub/${segment}/acme/other:2.0@${other.descriptor.digest}`,
      `${target.address}/hub/${segment}/acme/all:1.0@${image.root.digest}`,
      `${target.address}/hub/${segment}/acme/all:mirror-${image.root.digest.slice(7, 19)}@${image.root.digest}`,
    ],
  );
  await using transport = openTransport({ registries: { [target.address]: { plainHttp: true } } });
  const repository = openRepository(`${target.address}/hub/${segment}/acme/all`, transport);
  const { descriptors } = await repository.referrers(image.root);
  assert.equal(descriptors.length, 1, 'the bundle');
  const tags: string[] = [];
  for await (const tag of repository.tags()) tags.push(tag);
  assert.ok(tags.includes(`sha256-${image.root.digest.slice(7)}.sig`), 'what cosign keeps under a tag');

  await source.close();
  await writeFile(join(cwd, 'registries.conf'), pushed.registriesConf);
  const { report, failure } = await installDynamicPlugins({
    ...here.options({
      ...env,
      CONTAINERS_REGISTRIES_CONF: join(cwd, 'registries.conf'),
      CATALOG_ENTITIES_EXTRACT_DIR: join(cwd, 'extensions'),
    }),
    registries: {},
    root: join(cwd, 'root'),
  });
  assert.equal(failure, undefined);
  assert.deepEqual(
    report.plugins.map(({ state, digest }) => [state, digest]),
    [
      ['installed', other.descriptor.digest],
      ['disabled', undefined],
      ['installed', image.root.digest],
      ['installed', image.root.digest],
      ['installed', undefined],
      ['installed', undefined],
    ],
  );
  assert.ok(existsSync(join(cwd, 'extensions', 'catalog-entities', 'one.yaml')));
  assert.ok(npm.requests.length > 0);
});

test('a second run downloads nothing again, and a run after a failure goes on', async (t) => {
  const here = await world(t);
  const { source, npm, mirror, cwd } = here;
  await fill(here);
  const text = await readFile(join(cwd, 'dynamic-plugins.yaml'), 'utf8');
  await writeFile(
    join(cwd, 'dynamic-plugins.yaml'),
    `${text}  - package: oci://${source.address}/acme/late:1.0!late\n  - package: absent@1.0.0\n    integrity: sha512-AAAA\n`,
  );
  const first = await mirrorToDirectory(mirror, here.options());
  assert.deepEqual(
    first.failures.map((one) => [one.package.slice(-10), (one.error as { code?: string }).code]),
    [
      ['e:1.0!late', 'REGISTRY_NOT_FOUND'],
      ['sent@1.0.0', 'REGISTRY_NOT_FOUND'],
    ],
  );
  assert.equal(first.images.length, 2);
  await publishArtifact(storageSink(source.storage, 'acme/late'), {
    tag: '1.0',
    layers: [layerOf(...pluginFiles('late'))],
  });
  const tarballs = npm.requests.filter(({ path }) => path.endsWith('.tgz')).length;
  source.log.clear();
  const second = await mirrorToDirectory(mirror, here.options());
  assert.deepEqual(
    second.failures.map((one) => one.package),
    ['absent@1.0.0'],
  );
  assert.equal(second.images.length, 3);
  const blobs = source.log.requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'));
  assert.deepEqual([...new Set(blobs.map(({ path }) => path.split('/')[3]))], ['late'], 'only what was missing');
  assert.equal(npm.requests.filter(({ path }) => path.endsWith('.tgz')).length, tarballs);
  assert.deepEqual((await readdir(join(mirror, 'packages'))).length, 1, 'nothing half-made stays');
});

test('an image for several platforms is mirrored as a whole, and what trust refuses is not mirrored at all', async (t) => {
  const here = await world(t);
  const { source, cwd, mirror } = here;
  const sink = (name: string) => storageSink(source.storage, name);
  const platform = (name: string) => ({ layers: [layerOf(...pluginFiles(name))] });
  const index = await publishArtifact(sink('acme/multi'), {
    tag: '1',
    platforms: { 'linux/amd64': platform('amd'), 'linux/arm64': platform('arm') },
  });
  await publishArtifact(sink('acme/refused'), { tag: '1', layers: [layerOf(...pluginFiles('refused'))] });
  await writeFile(
    join(cwd, 'dynamic-plugins.yaml'),
    `plugins:\n- package: oci://${source.address}/acme/multi:1!amd\n- package: oci://${source.address}/acme/refused:1!refused\n`,
  );
  const scope = `${source.address}/acme/refused`;
  const policy: Policy = {
    fallback: 'none',
    lists: [[{ scope, require: 'digest', source: 'gantry.yaml: trust[0]' }]],
  };
  const { images, failures } = await mirrorToDirectory(mirror, { ...here.options(), policy });
  assert.deepEqual(
    images.map(({ digest }) => digest),
    [index.descriptor.digest],
  );
  assert.deepEqual(
    failures.map(({ error }) => (error as { code?: string }).code?.split('_')[0]),
    ['POLICY'],
  );
  const target = await startRegistry(t);
  const [pushed] = (await here.push(target, '')).images;
  await using transport = openTransport({ registries: { [target.address]: { plainHttp: true } } });
  const reference = parseReference(pushed?.mirrored ?? '');
  const repository = openRepository(reference, transport);
  assert.equal((await repository.resolve(reference)).digest, index.descriptor.digest);
  for (const { descriptor, layers } of Object.values(index.platforms)) {
    assert.ok(await repository.has(descriptor));
    for (const layer of layers) assert.ok(await repository.has(layer));
  }
});

test('F12: a run that is interrupted leaves nothing half-made, and the next one goes on', async (t) => {
  const here = await world(t);
  const { mirror, source } = here;
  await fill(here);
  const controller = new AbortController();
  const stopped = mirrorToDirectory(mirror, here.options(), {
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === 'request' && event.url.endsWith('.tgz')) controller.abort(new Error('stop'));
    },
  });
  await assert.rejects(stopped, /stop/);
  source.log.clear();
  const { failures, packages } = await mirrorToDirectory(mirror, here.options());
  assert.deepEqual([failures, packages.length], [[], 1]);
  const blobs = source.log.requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'));
  assert.deepEqual(blobs, [], 'every blob was there already');
  assert.deepEqual(await readdir(join(mirror, 'packages')), [packages[0]?.file.slice('packages/'.length)]);
});

test('a package whose file was damaged is fetched again', async (t) => {
  const here = await world(t);
  const { npm, cwd, mirror } = here;
  const { integrity, tarball } = npm.publish({ name: 'five', version: '5.0.0' });
  await writeFile(join(cwd, 'dynamic-plugins.yaml'), `plugins:\n- package: five@5.0.0\n  integrity: ${integrity}\n`);
  const [first] = (await mirrorToDirectory(mirror, here.options())).packages;
  assert.ok(first);
  await writeFile(join(mirror, first.file), 'damaged');
  assert.deepEqual((await mirrorToDirectory(mirror, here.options())).packages, [first]);
  assert.deepEqual(await readFile(join(mirror, first.file)), tarball);
});

test('D11: a mirror directory that is none, or that says one thing and holds another, is refused', async (t) => {
  const here = await world(t);
  const { cwd, mirror } = here;
  const target = await startRegistry(t);
  await assert.rejects(here.push(target, ''), { code: 'CONFIG_MIRROR', message: /it is not there/ });
  await writeFile(join(cwd, 'dynamic-plugins.yaml'), 'plugins: []\n');
  await mirrorToDirectory(mirror, here.options());
  assert.deepEqual((await here.push(target, '')).images, []);
  const digest: Digest = `sha256:${'0'.repeat(64)}`;
  const record = (image: string): string =>
    JSON.stringify({ schemaVersion: 1, images: [{ image, digest }], packages: [] });
  const cases: readonly (readonly [text: string, code: string])[] = [
    [record(`quay.example/a/b@sha256:${'1'.repeat(64)}`), 'CONFIG_MIRROR'],
    [record('quay.example/a/b:1'), 'CONTENT_NOT_FOUND'],
    [record('../../escape'), 'REFERENCE_INVALID'],
    [
      JSON.stringify({
        schemaVersion: 1,
        images: ['quay.example:5000', 'quay.example-5000'].map((host, index) => ({
          image: `${host}/a/b:1`,
          digest: `sha256:${String(index).repeat(64)}`,
        })),
        packages: [],
      }),
      'CONFIG_MIRROR',
    ],
    ['{}', 'INSTALL_DAMAGED'],
    [
      JSON.stringify({
        schemaVersion: 1,
        images: [],
        packages: [{ package: 'x', resolved: 'x', file: '../x', integrity: '' }],
      }),
      'INSTALL_DAMAGED',
    ],
    [JSON.stringify({ schemaVersion: 2 }), 'STORE_VERSION'],
  ];
  for (const [text, code] of cases) {
    await writeFile(join(mirror, 'mirror.json'), text);
    await assert.rejects(here.push(target, ''), { code }, text);
  }
  await writeFile(join(mirror, 'mirror.json'), '{}');
  const push = (mirrorRecordBytes: number) =>
    mirrorToRegistry(
      mirror,
      { place: mirrorPlace(target.address), openRepository: neverOpened, insecure: true },
      { limits: { mirrorRecordBytes } },
    );
  await assert.rejects(push(1), { code: 'INSTALL_DAMAGED', message: /2 bytes, more than 1/ });
  await assert.rejects(push(2), { code: 'INSTALL_DAMAGED', message: /expected a number in schemaVersion/ });
});

function neverOpened(reference: Reference): never {
  throw new Error(`opened ${reference.kind}`);
}

test('a catalog index without a default file ends it: nothing is known then', async (t) => {
  const here = await world(t);
  await writeFile(join(here.cwd, 'dynamic-plugins.yaml'), 'plugins: []\n');
  await publishArtifact(storageSink(here.source.storage, 'acme/index'), {
    tag: '1',
    layers: [layerOf(...pluginFiles('x'))],
  });
  const env = { CATALOG_INDEX_IMAGE: `${here.source.address}/acme/index:1` };
  await assert.rejects(mirrorToDirectory(here.mirror, here.options(env)), {
    code: 'CONTENT_NOT_FOUND',
    message: /dynamic-plugins\.default\.yaml/,
  });
});

test('without a configuration there is nothing to mirror, and nothing is made', async (t) => {
  const here = await world(t);
  await assert.rejects(mirrorToDirectory(here.mirror, here.options()), {
    code: 'CONFIG_DYNAMIC_PLUGINS',
    message: /there is no dynamic-plugins\.yaml in /,
  });
  assert.equal(existsSync(here.mirror), false);
});

test('an image keeps its tag in a mirror; one by digest alone gets a tag, one without either the default', () => {
  const digest: Digest = `sha256:${'ab'.repeat(32)}`;
  const place = mirrorPlace('mirror.example/hub');
  for (const [image, tag] of [
    ['quay.example:8443/a/b:1.0', 'hub/quay.example-8443/a/b:1.0'],
    [`quay.example/a/b:1.0@${digest}`, 'hub/quay.example/a/b:1.0'],
    [`quay.example/a/b@${digest}`, 'hub/quay.example/a/b:mirror-abababababab'],
    ['quay.example/a/b', 'hub/quay.example/a/b:latest'],
    ['busybox:1', 'hub/docker.io/library/busybox:1'],
    ['[::1]:5000/a:1', 'hub/1-5000/a:1'],
  ] as const) {
    const mirrored = mirroredReference(place, imageReference(image), digest);
    assert.equal(formatReference(mirrored), `mirror.example/${tag}`);
  }
});

test('the place of a mirror is a host with a path below it', () => {
  assert.deepEqual(mirrorPlace('mirror.example:5000/a/b/'), { registry: 'mirror.example:5000', prefix: 'a/b' });
  assert.deepEqual(mirrorPlace('localhost'), { registry: 'localhost', prefix: '' });
  for (const text of [
    '',
    'mirror',
    'mirror.example/A',
    'mirror.example:x',
    'https://mirror.example',
    'mirror.example/a:1',
  ]) {
    assert.throws(() => mirrorPlace(text), { code: 'REFERENCE_INVALID' }, text);
  }
});
