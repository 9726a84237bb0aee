/** The same configuration on both sides of an air gap: pinned, carried over, installed, explained. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { complaints, loadDynamicPlugins } from './backstage.ts';
import { crane } from './clients.ts';
import { developerHub } from './developer-hub.ts';
import { imageDirectory, packageDirectory, packageName, writeDynamicPlugin } from './dynamic-plugin.ts';
import { gantry } from './gantry.ts';
import { temporaryDirectory } from './processes.ts';
import { startDockerRegistry, startOlareg } from './registries.ts';
import { startVerdaccio } from './verdaccio.ts';

test('what gantry backstage mirror carried from docker-registry and verdaccio is installed from olareg and another verdaccio', async (t) => {
  const [outside, npm] = await Promise.all([startDockerRegistry(t), startVerdaccio(t)]);
  const g = await gantry(t);
  const first = await exported(t, 'first');
  await g.ok(['backstage', 'package', first, '--tag', `${outside.address}/acme/first:1.0`]);
  const second = await exported(t, 'second');
  await g.ok(['backstage', 'package', second, '--tag', `${outside.address}/acme/second:1.0`]);
  const index = `${outside.address}/acme/index:1.0`;
  const indexed = await catalog(t, `plugins:\n  - package: oci://${outside.address}/acme/second:1.0\n`);
  await g.ok(['backstage', 'package', '--catalog-index', indexed, '--tag', index]);
  const integrity = await npm.publish({ name: 'npm' });

  const work = await temporaryDirectory(t);
  const configuration = join(work, 'dynamic-plugins.yaml');
  await writeFile(
    configuration,
    `includes:
  - dynamic-plugins.default.yaml
plugins:
  # ours
  - package: oci://${outside.address}/acme/first:1.0
  - package: '${packageName({ name: 'npm' })}@1.0.0' # of the team next door
`,
  );
  g.env['CATALOG_INDEX_IMAGE'] = index;
  g.env['NPM_CONFIG_USERCONFIG'] = join(work, 'npmrc');
  await writeFile(join(work, 'npmrc'), `@acme:registry=${npm.url}\n${npm.place}:_authToken=${npm.token}\n`);

  await g.ok(['backstage', 'pin', '--write'], { cwd: work });
  const digest = await crane(['digest', `${outside.address}/acme/first:1.0`]);
  assert.equal(
    await readFile(configuration, 'utf8'),
    `includes:
  - dynamic-plugins.default.yaml
plugins:
  # ours
  - package: oci://${outside.address}/acme/first@${digest}
  - package: '${packageName({ name: 'npm' })}@1.0.0' # of the team next door
    integrity: ${integrity}
`,
  );

  const carried = await g.json(['backstage', 'mirror', '--to-dir', 'mirror'], { cwd: work });
  assert.deepEqual(carried['failed'], []);
  const [archive] = carried['packages'] as { file: string }[];
  await outside.stop();

  const [inside, theirs] = await Promise.all([startOlareg(t), startVerdaccio(t)]);
  await g.ok(['backstage', 'mirror', '--from-dir', 'mirror', `${inside.address}/hub`], { cwd: work });
  await theirs.publishFile(join(work, 'mirror', archive?.file ?? ''));

  const hub = await developerHub(t);
  hub.env['CATALOG_INDEX_IMAGE'] = index;
  hub.env['CONTAINERS_REGISTRIES_CONF'] = join(work, 'registries.conf');
  await hub.write(`@acme:registry=${theirs.url}\n${theirs.place}:_authToken=${theirs.token}\n`, '.npmrc');
  await hub.write(await readFile(configuration, 'utf8'));
  const { plugins } = await hub.report();
  assert.deepEqual(
    plugins.map(({ state, path }) => [state, path]),
    [
      ['installed', join(hub.root, imageDirectory({ name: 'second' }))],
      ['installed', join(hub.root, imageDirectory({ name: 'first' }))],
      ['installed', join(hub.root, packageDirectory({ name: 'npm' }))],
    ],
  );
  const loaded = await loadDynamicPlugins(hub.root);
  assert.deepEqual(complaints(loaded), []);
  assert.equal(loaded.plugins.length, 3);

  await t.test('list and why say what is there and where it is from', async () => {
    const listed = await g.json(['backstage', 'list', hub.root]);
    const rows = listed['plugins'] as { name: string; package: string; digest: string | null }[];
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['first', 'second']
        .map((name) => imageDirectory({ name }))
        .concat(packageDirectory({ name: 'npm' }))
        .sort(),
    );
    assert.equal(rows.find(({ name }) => name === imageDirectory({ name: 'first' }))?.digest, digest);
    const why = await g.ok(['backstage', 'why', hub.root, imageDirectory({ name: 'first' })], { cwd: hub.directory });
    assert.match(why, /dynamic-plugins\.yaml:5\b/);
  });
});

/** A directory with one plugin, as it was exported. */
async function exported(t: TestContext, name: string): Promise<string> {
  const directory = join(await temporaryDirectory(t), name);
  await writeDynamicPlugin(directory, { name });
  return directory;
}

/** A directory with what goes into a catalog index. */
async function catalog(t: TestContext, defaults: string): Promise<string> {
  const directory = await temporaryDirectory(t);
  const entities = join(directory, 'catalog-entities', 'extensions', 'plugins');
  await mkdir(entities, { recursive: true });
  await writeFile(join(entities, 'second.yaml'), 'kind: Plugin\n');
  await writeFile(join(directory, 'dynamic-plugins.default.yaml'), defaults);
  return directory;
}
