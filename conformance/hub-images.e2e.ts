/** Images of plugins as the world makes them: for several platforms, in layers, recompressed, behind a password. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { complaints, loadDynamicPlugins } from './backstage.ts';
import { buildah, dynamicPackages } from './buildah.ts';
import { crane, skopeoCopy } from './clients.ts';
import { type DeveloperHub, developerHub } from './developer-hub.ts';
import { imageDirectory, writeDynamicPlugin } from './dynamic-plugin.ts';
import { startHtpasswdRegistry } from './htpasswd.ts';
import { tarOf } from './images.ts';
import { run, temporaryDirectory } from './processes.ts';
import { type Registry, startDockerRegistry, startOlareg } from './registries.ts';

const directory = imageDirectory({ name: 'greeter' });

for (const [name, start] of [
  ['docker-registry', startDockerRegistry],
  ['olareg', startOlareg],
] as const) {
  test(name, async (t) => {
    const registry = await start(t);
    const plain = await publishPlain(t, registry);

    await t.test('the plugin of an image index is found without its name, and loaded', async (t) => {
      const build = await buildah(t);
      const image = `${registry.address}/acme/platforms:1.0`;
      await build.pushIndex(await plugin(t), image, dynamicPackages([directory]));
      await installed(t, `oci://${image}`);
    });

    await t.test('layers in zstd', async (t) => {
      const layout = join(await temporaryDirectory(t), 'layout');
      const image = `${registry.address}/acme/zstd:1.0`;
      await skopeoCopy(`docker://${plain}`, `oci:${layout}:1`, ['--dest-compress', '--dest-compress-format', 'zstd']);
      await skopeoCopy(`oci:${layout}:1`, `docker://${image}`);
      assert.match(await crane(['manifest', image]), /tar\+zstd/);
      await installed(t, `oci://${image}`);
    });

    await t.test("Docker's own types, which lose the annotation: only with the name of the plugin", async (t) => {
      const image = `${registry.address}/acme/docker:1.0`;
      await skopeoCopy(`docker://${plain}`, `docker://${image}`, ['--format=v2s2']);
      await installed(t, `oci://${image}!${directory}`);
      const hub = await developerHub(t);
      await hub.write(`plugins: [{ package: 'oci://${image}' }]\n`);
      const { code, stderr } = await hub.run();
      assert.equal(code, 1);
      assert.ok(stderr.includes(`No plugins found in OCI image oci://${image}.`), stderr);
    });

    await t.test('a layer above takes files away and changes others', async (t) => {
      const work = await temporaryDirectory(t);
      const upper = await tarOf(work, 'upper.tar', {
        [`${directory}/dist/.wh.old.js`]: '',
        [`${directory}/dist/new.js`]: '// new\n',
      });
      const lower = await tarOf(work, 'lower.tar', { [`${directory}/dist/old.js`]: '// old\n' });
      const image = `${registry.address}/acme/layers:1.0`;
      await crane(['append', '-b', plain, '-f', lower, '-f', upper, '-t', image]);
      const hub = await installed(t, `oci://${image}!${directory}`);
      assert.equal(await hub.read(`${directory}/dist/new.js`), '// new\n');
      await assert.rejects(hub.read(`${directory}/dist/old.js`), { code: 'ENOENT' });
    });

    await t.test('a directory that is not in the image is named, with those that are', async (t) => {
      const hub = await developerHub(t);
      await hub.write(`plugins: [{ package: 'oci://${plain}!acme-plugin-greet' }]\n`);
      const { plugins } = await hub.report(1);
      assert.equal(plugins[0]?.error?.code, 'CONFIG_PLUGIN_PATH');
      assert.match(plugins[0]?.error?.message ?? '', /acme-plugin-greet\b/);
      assert.deepEqual(await hub.names(), []);
    });
  });
}

test('a registry with a password: the files that skopeo reads, each where it stands in the pod', async (t) => {
  const user = { username: 'hub', password: 'password-of-hub' };
  const { address } = await startHtpasswdRegistry(t, user);
  const build = await buildah(t);
  const image = `${address}/acme/greeter:1.0`;
  const credentials = join(await temporaryDirectory(t), 'auth.json');
  const login = ['login', '--tls-verify=false', '--authfile', credentials, '-u', user.username, '--password-stdin'];
  await run('skopeo', [...login, address], { input: user.password });
  await build.push(await plugin(t), image, dynamicPackages([directory]), credentials);

  for (const [what, place, variable] of [
    ['REGISTRY_AUTH_FILE', 'secret/auth.json', 'REGISTRY_AUTH_FILE'],
    ['the secret that the chart mounts', '.config/containers/auth.json', undefined],
    ["docker's own", '.docker/config.json', undefined],
  ] as const) {
    await t.test(what, async (t) => {
      const hub = await developerHub(t);
      const file = await hub.write(await readFile(credentials, 'utf8'), place);
      if (variable !== undefined) hub.env[variable] = file;
      await hub.write(`plugins: [{ package: 'oci://${image}' }]\n`);
      assert.equal((await hub.report()).plugins[0]?.state, 'installed');
    });
  }

  await t.test('and none', async (t) => {
    const hub = await developerHub(t);
    await hub.write(`plugins: [{ package: 'oci://${image}!${directory}' }]\n`);
    assert.equal((await hub.report(1)).plugins[0]?.error?.code, 'REGISTRY_UNAUTHORIZED');
  });
});

/** Installs one package and has Backstage load it. */
async function installed(t: TestContext, name: string): Promise<DeveloperHub> {
  const hub = await developerHub(t);
  await hub.write(`plugins: [{ package: '${name}' }]\n`);
  assert.equal((await hub.report()).plugins[0]?.state, 'installed');
  assert.deepEqual(await hub.names(), [directory, 'app-config.dynamic-plugins.yaml']);
  const loaded = await loadDynamicPlugins(hub.root);
  assert.deepEqual(complaints(loaded), []);
  assert.equal(loaded.plugins[0]?.feature, '@backstage/BackendFeature');
  return hub;
}

async function publishPlain(t: TestContext, { address }: Registry): Promise<string> {
  const build = await buildah(t);
  const image = `${address}/acme/plain:1.0`;
  await build.push(await plugin(t), image, dynamicPackages([directory]));
  return image;
}

/** A directory with the plugin under its name in an image. */
async function plugin(t: TestContext): Promise<string> {
  const context = await temporaryDirectory(t);
  await writeDynamicPlugin(join(context, directory), { name: 'greeter' });
  return context;
}
