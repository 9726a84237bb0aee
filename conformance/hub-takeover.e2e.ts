/** Volumes as the Python and the TypeScript original leave them: taken over as they are. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaints, loadDynamicPlugins } from './backstage.ts';
import { type DeveloperHub, developerHub } from './developer-hub.ts';
import { imageDirectory, packageDirectory, packageName, writeDynamicPlugin } from './dynamic-plugin.ts';
import { gantry } from './gantry.ts';
import { run, temporaryDirectory } from './processes.ts';
import { startDockerRegistry } from './registries.ts';

/** Nobody listens there: a request would fail the run. */
const HOST = '127.0.0.1:9';
const IMAGE_HASH = 'ab'.repeat(32);
const INTEGRITY = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;

type Original = 'Python' | 'TypeScript';

for (const original of ['Python', 'TypeScript'] as const) {
  test(`what the ${original} original installed stays, without a request`, async (t) => {
    const hub = await developerHub(t);
    const before = await fill(hub, original);
    await hub.write(`
includes: [included.yaml]
plugins:
  - package: oci://${HOST}/acme/many:1.0!${imageDirectory({ name: 'first' })}
    disabled: false
    pluginConfig: { first: { greeting: fröhlich } }
  - package: oci://${HOST}/acme/alone:2.0
    team: Käse
  - package: '${packageName({ name: 'npm' })}@1.0.0'
    integrity: ${INTEGRITY}
  - package: ./local
`);
    await hub.write(
      `plugins: [{ package: 'oci://${HOST}/acme/base@sha256:${IMAGE_HASH}!${imageDirectory({ name: 'base' })}' }]\n`,
      'included.yaml',
    );

    const first = await hub.report();
    assert.deepEqual(
      first.plugins.map(({ state }) => state),
      Array(5).fill('unchanged'),
    );
    assert.equal(first.requests, 0);
    for (const [directory, { inode, hash }] of before) {
      assert.equal((await stat(join(hub.root, directory))).ino, inode, `${directory} is the same directory`);
      if (original === 'Python') {
        assert.equal(await hub.read(`${directory}/dynamic-plugin-config.hash`), hash, directory);
      }
    }
    assert.equal(existsSync(join(hub.root, '.catalog-index-temp')), false, 'what a killed original left is swept');
    const loaded = await loadDynamicPlugins(hub.root);
    assert.deepEqual(complaints(loaded), []);
    assert.equal(loaded.plugins.length, 5);

    const second = await hub.report();
    assert.deepEqual(
      second.plugins.map(({ state }) => state),
      Array(5).fill('unchanged'),
    );
  });
}

test('what only makes noise changes the hash, not the plugin: the Python original would leave it alone after us', async (t) => {
  const hub = await developerHub(t);
  await fill(hub, 'Python');
  const directory = imageDirectory({ name: 'first' });
  const name = `oci://${HOST}/acme/many:1.0!${directory}`;
  await hub.write(`includes: [included.yaml]\nplugins: []\n`);
  await hub.write(`plugins: [{ package: '${name}', enabled: true }]\n`, 'included.yaml');
  const { plugins, requests } = await hub.report();
  assert.deepEqual([plugins[0]?.state, requests], ['unchanged', 0]);
  const expected = await hashOf({ package: name, enabled: true, last_modified_level: 0 }, 'Python');
  assert.equal(await hub.read(`${directory}/dynamic-plugin-config.hash`), expected);
  assert.deepEqual(await hub.names(), [directory, 'app-config.dynamic-plugins.yaml'], 'the others are not declared');
});

test('what we install carries the hashes that the Python original would look for', async (t) => {
  const { address } = await startDockerRegistry(t);
  const hub = await developerHub(t);
  const g = await gantry(t);
  const local = join(hub.directory, 'local');
  await writeDynamicPlugin(local, { name: 'local' });
  const image = `${address}/acme/first:1.0`;
  const exported = join(await temporaryDirectory(t), 'first');
  await writeDynamicPlugin(exported, { name: 'first' });
  const { digest } = await g.json(['backstage', 'package', exported, '--tag', image]);
  await hub.write(`
includes: [included.yaml]
plugins:
  - { package: ./local, extra: { list: [0777, 1.50, yes, ~], text: "a\\u00e9\\u2028" } }
`);
  await hub.write(`plugins: [{ package: 'oci://${image}', disabled: no, pluginConfig: { a: 1 } }]\n`, 'included.yaml');
  await hub.report();
  const first = imageDirectory({ name: 'first' });
  const ofImage = { package: `oci://${image}!${first}`, disabled: false, last_modified_level: 0 };
  assert.equal(await hub.read(`${first}/dynamic-plugin-config.hash`), await hashOf(ofImage, 'Python'));
  assert.equal(`sha256:${await hub.read(`${first}/dynamic-plugin-image.hash`)}`, digest);
  // What PyYAML makes of them.
  const extra = { list: [0o777, 1.5, true, null], text: 'a\u00e9\u2028' };
  const ofLocal = { package: './local', extra, last_modified_level: 1 };
  assert.equal(
    await hub.read(`${packageDirectory({ name: 'local' })}/dynamic-plugin-config.hash`),
    await hashOf(ofLocal, 'Python', local),
  );
});

for (const [whose, content, says] of [
  ['the Python original', '', /Taking over lock file .*: it was held for more than 1000 ms/],
  ['the TypeScript original whose process is gone', '4194304', /Taking over lock file/],
] as const) {
  test(`a lock that ${whose} left is taken over and reported`, async (t) => {
    const hub = await developerHub(t);
    hub.env['DYNAMIC_PLUGINS_LOCK_TIMEOUT_MS'] = '1000';
    await hub.write('plugins: []\n');
    await writeFile(join(hub.root, 'install-dynamic-plugins.lock'), content);
    const { code, stdout } = await hub.run();
    assert.equal(code, 0);
    assert.match(stdout, says);
    assert.deepEqual(await hub.names(), ['app-config.dynamic-plugins.yaml']);
  });
}

/** A directory as it was before us. */
interface Before {
  readonly inode: number;
  readonly hash: string;
}

/** Fills a root as an original does, for the configuration of the first test. */
async function fill(hub: DeveloperHub, original: Original): Promise<ReadonlyMap<string, Before>> {
  const local = join(hub.directory, 'local');
  await writeDynamicPlugin(local, { name: 'local' });
  const manifest = join(local, 'package.json');
  // A whole second: where the originals differ.
  await utimes(manifest, 1_704_067_200, 1_704_067_200);
  await writeFile(join(local, 'yarn.lock'), '');
  await utimes(join(local, 'yarn.lock'), 1_704_067_200.25, 1_704_067_200.25);
  const image = (name: string, plugin: string): string =>
    `oci://${HOST}/acme/${name}!${imageDirectory({ name: plugin })}`;
  const installed: readonly (readonly [name: string, directory: string, record: Readonly<Record<string, unknown>>])[] =
    [
      [
        'first',
        imageDirectory({ name: 'first' }),
        { package: image('many:1.0', 'first'), disabled: false, last_modified_level: 1 },
      ],
      [
        'alone',
        imageDirectory({ name: 'alone' }),
        { package: image('alone:2.0', 'alone'), team: 'Käse', last_modified_level: 1 },
      ],
      [
        'base',
        imageDirectory({ name: 'base' }),
        { package: image(`base@sha256:${IMAGE_HASH}`, 'base'), last_modified_level: 0 },
      ],
      [
        'npm',
        packageDirectory({ name: 'npm' }),
        { package: `${packageName({ name: 'npm' })}@1.0.0`, integrity: INTEGRITY, last_modified_level: 1 },
      ],
      ['local', packageDirectory({ name: 'local' }), { package: './local', last_modified_level: 1 }],
    ];
  const before = new Map<string, Before>();
  for (const [name, directory, record] of installed) {
    const path = join(hub.root, directory);
    if (name === 'local') await cp(local, path, { recursive: true });
    else await writeDynamicPlugin(path, { name });
    const hash = await hashOf(record, original, name === 'local' ? local : null);
    await writeFile(join(path, 'dynamic-plugin-config.hash'), hash);
    if (String(record['package']).startsWith('oci:')) {
      await writeFile(join(path, 'dynamic-plugin-image.hash'), IMAGE_HASH);
    }
    before.set(directory, { inode: (await stat(path)).ino, hash });
  }
  await writeFile(join(hub.root, 'app-config.dynamic-plugins.yaml'), 'old: true\n');
  await mkdir(join(hub.root, '.catalog-index-temp'));
  return before;
}

/** What an original writes into dynamic-plugin-config.hash, computed by Python itself. */
function hashOf(
  record: Readonly<Record<string, unknown>>,
  original: Original,
  local: string | null = null,
): Promise<string> {
  const input = JSON.stringify({ record, local, original });
  return run('python3', [join(import.meta.dirname, 'original-hash.py')], { input, env: { PYTHONUTF8: '1' } });
}
