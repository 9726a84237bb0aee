/** Catalog indexes that buildah made, alone and as lists of images: what they say of plugins, and their entities. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { complaints, loadDynamicPlugins } from './backstage.ts';
import { type Buildah, buildah, dynamicPackages } from './buildah.ts';
import { skopeoCopy, skopeoRaw } from './clients.ts';
import { type DeveloperHub, developerHub } from './developer-hub.ts';
import { imageDirectory, writeDynamicPlugin } from './dynamic-plugin.ts';
import { temporaryDirectory } from './processes.ts';
import { type Registry, startDockerRegistry, startOlareg } from './registries.ts';

const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';

for (const [kind, mediaType, start] of [
  ['an image', OCI_IMAGE, startDockerRegistry],
  ['an image index', OCI_INDEX, startOlareg],
  ['a manifest list of Docker', DOCKER_LIST, startDockerRegistry],
] as const) {
  test(`${kind}: its plugins are those of dynamic-plugins.default.yaml, its entities are extracted`, async (t) => {
    const registry = await start(t);
    const build = await buildah(t);
    const { image } = await publishIndex(t, build, registry, mediaType);
    assert.equal(JSON.parse(await skopeoRaw(image)).mediaType, mediaType);
    const hub = await withIndex(t, image);

    const { code, stdout, stderr } = await hub.run();
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(`\n======= Extracting catalog index from ${image}\n`), stdout);
    assert.deepEqual(await placed(hub), [imageDirectory({ name: 'base' }), 'app-config.dynamic-plugins.yaml']);
    // Both are switched off in the index; the main file switches one on, with another configuration.
    assert.equal(
      await hub.read('app-config.dynamic-plugins.yaml'),
      'base:\n  greeting: from main\ndynamicPlugins:\n  rootDirectory: dynamic-plugins-root\n',
    );
    assert.equal(await entity(hub, 'catalog-entities'), 'kind: Plugin\n');
    assert.deepEqual(complaints(await loadDynamicPlugins(hub.root)), []);

    const warm = await hub.report();
    assert.deepEqual(
      warm.plugins.map(({ state }) => state),
      ['unchanged'],
    );
    assert.equal(warm.requests, 1, 'one HEAD for the index');

    await registry.stop();
    const cut = await hub.run();
    assert.equal(cut.code, 0, cut.stderr);
    assert.match(
      cut.stdout,
      /\t==> WARNING: using the catalog index of .* \(sha256:.*\), its registry cannot be asked/,
    );
  });
}

test('extra indexes give their entities only, each below its name', async (t) => {
  const registry = await startDockerRegistry(t);
  const build = await buildah(t);
  const { image } = await publishIndex(t, build, registry, OCI_IMAGE);
  const hub = await withIndex(t, image);
  hub.env['EXTRA_CATALOG_INDEX_IMAGES'] = `community=${image}, ${image},broken=`;
  const { code, stdout } = await hub.run();
  assert.equal(code, 0);
  assert.match(stdout, /WARNING: Skipping EXTRA_CATALOG_INDEX_IMAGES entry with empty image reference: 'broken='/);
  const derived = image.replace(/[/:@]/g, '_');
  assert.deepEqual((await readdir(join(entitiesOf(hub), 'extra'))).sort(), [derived, 'community'].sort());
  for (const name of [derived, 'community']) {
    assert.equal(await entity(hub, 'extra', name, 'catalog-entities'), 'kind: Plugin\n');
  }
});

test('an index without its default file, and one that is not there, end the run', async (t) => {
  const registry = await startDockerRegistry(t);
  const build = await buildah(t);
  const empty = await temporaryDirectory(t);
  await writeFile(join(empty, 'index.json'), '[]\n');
  const image = `${registry.address}/acme/empty:1`;
  await build.push(empty, image);
  for (const [named, says] of [
    [image, `Catalog index image ${image} does not contain the expected dynamic-plugins.default.yaml file`],
    [`${registry.address}/acme/absent:1`, 'acme/absent'],
  ] as const) {
    const hub = await withIndex(t, named);
    const { code, stderr } = await hub.run();
    assert.equal(code, 1);
    assert.match(stderr, /install-dynamic-plugins failed: /);
    assert.ok(stderr.includes(says), stderr);
    assert.deepEqual(await placed(hub), []);
  }
});

/** A hub whose main file includes the default of its index, and changes one plugin of it. */
async function withIndex(t: TestContext, image: string): Promise<DeveloperHub> {
  const hub = await developerHub(t);
  hub.env['CATALOG_INDEX_IMAGE'] = image;
  hub.env['CATALOG_ENTITIES_EXTRACT_DIR'] = entitiesOf(hub);
  const host = image.split('/')[0];
  await hub.write(`
includes: [dynamic-plugins.default.yaml]
plugins:
  - package: oci://${host}/acme/base:{{inherit}}
    disabled: false
    pluginConfig: { base: { greeting: from main } }
`);
  return hub;
}

function entitiesOf({ directory }: DeveloperHub): string {
  return join(directory, 'extensions');
}

function entity(hub: DeveloperHub, ...below: readonly string[]): Promise<string> {
  return readFile(join(entitiesOf(hub), ...below, 'plugins', 'base.yaml'), 'utf8');
}

/** What is in the root beside the plain files that keep indexes for the next start. */
async function placed(hub: DeveloperHub): Promise<readonly string[]> {
  const entries = await readdir(hub.root, { withFileTypes: true });
  const kept = entries.filter((entry) => !entry.isFile() || !entry.name.startsWith('.gantry-catalog-index.'));
  return kept.map(({ name }) => name).sort();
}

/** Publishes the image of a plugin, and an index that names it and another one. */
async function publishIndex(
  t: TestContext,
  build: Buildah,
  { address }: Registry,
  mediaType: string,
): Promise<{ image: string }> {
  const plugin = await temporaryDirectory(t);
  const directory = imageDirectory({ name: 'base' });
  await writeDynamicPlugin(join(plugin, directory), { name: 'base' });
  await build.push(plugin, `${address}/acme/base:1.0`, dynamicPackages([directory]));
  const content = await temporaryDirectory(t);
  const entities = join(content, 'catalog-entities', 'extensions', 'plugins');
  await mkdir(entities, { recursive: true });
  await writeFile(join(entities, 'base.yaml'), 'kind: Plugin\n');
  await writeFile(join(content, 'index.json'), '[]\n');
  await writeFile(
    join(content, 'dynamic-plugins.default.yaml'),
    `# Tag: next, Build date: 2026-01-01T00:00:00Z
plugins:
  - package: oci://${address}/acme/base:1.0
    enabled: false
    pluginConfig: { base: { greeting: from the index } }
  - package: oci://${address}/acme/off:1.0
    enabled: false
`,
  );
  const image = `${address}/acme/plugin-catalog-index:1.10`;
  if (mediaType === OCI_IMAGE) await build.push(content, image);
  else await build.pushIndex(content, image);
  if (mediaType === DOCKER_LIST) await skopeoCopy(`docker://${image}`, `docker://${image}`, ['--all', '--format=v2s2']);
  return { image };
}
