/** Plugins from everywhere that Developer Hub takes them from, installed together and loaded by Backstage itself. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { complaints, loadDynamicPlugins, startBackend } from './backstage.ts';
import { buildah, dynamicPackages } from './buildah.ts';
import { selfSigned } from './certificates.ts';
import { skopeoCopy } from './clients.ts';
import { type DeveloperHub, developerHub } from './developer-hub.ts';
import { imageDirectory, packageDirectory, packageName, writeDynamicPlugin } from './dynamic-plugin.ts';
import { gantry } from './gantry.ts';
import { freePort, run, temporaryDirectory } from './processes.ts';
import { startDockerRegistry, startOlareg } from './registries.ts';
import { startVerdaccio } from './verdaccio.ts';

test('Backstage loads what came from images, an archive, npm and a directory without one complaint', async (t) => {
  const hub = await developerHub(t);
  const configuration = await everySource(t, hub);
  await hub.write(configuration);

  const cold = await hub.report();
  assert.deepEqual(
    cold.plugins.map(({ state }) => state),
    Array(7).fill('installed'),
  );
  assert.deepEqual(await hub.names(), [
    '.npmrc',
    imageDirectory({ name: 'alone' }),
    imageDirectory({ name: 'copied' }),
    imageDirectory({ name: 'first' }),
    packageDirectory({ name: 'local' }),
    packageDirectory({ name: 'npm' }),
    imageDirectory({ name: 'second' }),
    packageDirectory({ name: 'tgz' }),
    'app-config.dynamic-plugins.yaml',
  ]);

  const loaded = await loadDynamicPlugins(hub.root);
  assert.deepEqual(complaints(loaded), []);
  assert.deepEqual(
    loaded.plugins.map(({ name, role, feature, failure }) => ({ name, role, feature, failure })),
    ['alone', 'copied', 'first', 'local', 'npm', 'second', 'tgz'].map((name) => ({
      name: packageName({ name }),
      role: 'backend-plugin',
      feature: '@backstage/BackendFeature',
      failure: undefined,
    })),
  );

  const warm = await hub.report();
  assert.deepEqual(
    warm.plugins.map(({ state }) => state),
    Array(7).fill('unchanged'),
  );
  assert.equal(warm.requests, 0);

  await t.test('and a backend answers with the configuration that was merged for it', async (t) => {
    const backend = await startBackend(t, hub.directory);
    for (const name of ['first', 'npm', 'local']) {
      const answer = await fetch(`${backend.url}/api/${name}/x`);
      assert.deepEqual([answer.status, await answer.json()], [200, { greeting: `<from ${name}>`, path: '/x' }]);
    }
    assert.deepEqual(backend.complaints, []);
  });
});

test('an archive of an authority that npm is told about, of one that nobody knows, and a file that is missing', async (t) => {
  const archive = await serveArchive(t, 'tgz');
  const entry = `plugins: [{ package: '${archive.url}', integrity: ${archive.integrity} }]\n`;
  const told = await developerHub(t);
  await told.write(`cafile=${archive.authority}\n`, '.npmrc');
  await told.write(entry);
  assert.equal((await told.report()).plugins[0]?.state, 'installed');

  const untold = await developerHub(t);
  await untold.write(`cafile=${untold.directory}/absent.pem\n`, '.npmrc');
  await untold.write(entry);
  const { plugins } = await untold.report(1);
  assert.equal(plugins[0]?.error?.code, 'REGISTRY_TLS');
  assert.match(plugins[0]?.error?.message ?? '', /certificate/);
  assert.deepEqual(await untold.names(), []);
});

/** Publishes one plugin, or two, to each kind of place; gives a configuration that names all of them. */
async function everySource(t: TestContext, hub: DeveloperHub): Promise<string> {
  const [docker, olareg, npm, build, g] = await Promise.all([
    startDockerRegistry(t),
    startOlareg(t),
    startVerdaccio(t),
    buildah(t),
    gantry(t),
  ]);
  const many = await context(t, ['first', 'second']);
  const exported = ['first', 'second'].map((name) => join(many, imageDirectory({ name })));
  for (const { address } of [docker, olareg]) {
    await g.ok(['backstage', 'package', ...exported, '--tag', `${address}/acme/many:1.0`]);
  }

  const alone = await context(t, ['alone']);
  await build.push(alone, `${olareg.address}/acme/alone:1.0`, dynamicPackages([imageDirectory({ name: 'alone' })]));

  const copied = await context(t, ['copied']);
  await build.push(copied, `${olareg.address}/acme/source:1.0`, dynamicPackages([imageDirectory({ name: 'copied' })]));
  const layout = join(await temporaryDirectory(t), 'layout');
  await skopeoCopy(`docker://${olareg.address}/acme/source:1.0`, `oci:${layout}:1.0`);
  await skopeoCopy(`oci:${layout}:1.0`, `docker://${docker.address}/acme/copied:1.0`);

  const published = await npm.publish({ name: 'npm' });
  const archive = await serveArchive(t, 'tgz');
  await writeDynamicPlugin(join(hub.directory, 'local'), { name: 'local' });
  hub.env['NODE_EXTRA_CA_CERTS'] = archive.authority;
  await hub.write(`@acme:registry=${npm.url}\n${npm.place}:_authToken=${npm.token}\n`, 'dynamic-plugins-root/.npmrc');

  return `
plugins:
  - package: oci://${docker.address}/acme/many:1.0!${imageDirectory({ name: 'first' })}
    pluginConfig: { first: { greeting: from first } }
  - package: oci://${olareg.address}/acme/many:1.0!${imageDirectory({ name: 'second' })}
    pluginConfig: { second: { greeting: from second } }
  - package: oci://${olareg.address}/acme/alone:1.0
    pluginConfig: { alone: { greeting: from alone } }
  - package: oci://${docker.address}/acme/copied:1.0
    pluginConfig: { copied: { greeting: from copied } }
  - package: '${packageName({ name: 'npm' })}@1.0.0'
    integrity: ${published}
    pluginConfig: { npm: { greeting: from npm } }
  - package: ${archive.url}
    integrity: ${archive.integrity}
    pluginConfig: { tgz: { greeting: from tgz } }
  - package: ./local
    pluginConfig: { local: { greeting: from local } }
`;
}

/** A directory with some plugins, each under its name in an image. */
async function context(t: TestContext, names: readonly string[]): Promise<string> {
  const directory = await temporaryDirectory(t);
  for (const name of names) await writeDynamicPlugin(join(directory, imageDirectory({ name })), { name });
  return directory;
}

/** A plugin that npm packed, on a server whose certificate is of an authority that nobody knows. */
async function serveArchive(
  t: TestContext,
  name: string,
): Promise<{ url: string; integrity: string; authority: string }> {
  const directory = await temporaryDirectory(t);
  const source = join(directory, 'source');
  await mkdir(source);
  await writeDynamicPlugin(source, { name });
  const cache = { npm_config_cache: join(directory, 'cache') };
  await run('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: source, env: cache });
  const bytes = await readFile(join(directory, `${packageDirectory({ name })}.tgz`));
  const { certificate, key } = await selfSigned(t, 'archives', 'IP:127.0.0.1');
  const port = await freePort();
  const server = createServer({ cert: await readFile(certificate), key: await readFile(key) }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes);
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  return { url: `https://127.0.0.1:${port}/${name}.tgz`, integrity, authority: certificate };
}
