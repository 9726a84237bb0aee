/** What becomes of a root over time: upgrades, removals, failures, signals. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { complaints, loadDynamicPlugins } from './backstage.ts';
import { type Buildah, buildah, dynamicPackages } from './buildah.ts';
import { crane } from './clients.ts';
import { type DeveloperHub, developerHub, installer } from './developer-hub.ts';
import { imageDirectory, packageDirectory, writeDynamicPlugin } from './dynamic-plugin.ts';
import { freePort, temporaryDirectory } from './processes.ts';
import { startDockerRegistry } from './registries.ts';

test('upgrades, removals and a failure leave the directory as it is specified', async (t) => {
  const { address } = await startDockerRegistry(t);
  const build = await buildah(t);
  const image = `${address}/acme/greeter`;
  const directory = imageDirectory({ name: 'greeter' });
  for (const version of ['1.0.0', '2.0.0']) await publish(t, build, `${image}:${version}`, version);
  await crane(['tag', `${image}:1.0.0`, 'latest']);
  const hub = await developerHub(t);
  await writeDynamicPlugin(join(hub.directory, 'local'), { name: 'local' });
  const local = packageDirectory({ name: 'local' });

  await t.test('installed', async () => {
    await hub.write(`plugins: [{ package: 'oci://${image}:1.0.0' }, { package: ./local }]\n`);
    const { code, stdout } = await hub.run();
    assert.equal(code, 0);
    assert.deepEqual(lines(stdout, '=======').slice(0, 1), [
      `======= Created lock file: ${join(hub.root, 'install-dynamic-plugins.lock')}`,
    ]);
    for (const name of [`oci://${image}:1.0.0!${directory}`, './local']) {
      assert.ok(stdout.includes(`\n======= Installing dynamic plugin ${name}\n`), stdout);
      assert.ok(stdout.includes(`\t==> Successfully installed dynamic plugin ${name}\n`), stdout);
    }
    assert.deepEqual(await hub.names(), [local, directory, 'app-config.dynamic-plugins.yaml'].sort());
    const digest = await crane(['digest', `${image}:1.0.0`]);
    assert.equal(await hub.read(`${directory}/dynamic-plugin-image.hash`), digest.slice('sha256:'.length));
    assert.match(await hub.read(`${directory}/dynamic-plugin-config.hash`), /^[0-9a-f]{64}$/);
  });

  await t.test('another version replaces the directory as a whole', async () => {
    await hub.write(`plugins: [{ package: 'oci://${image}:2.0.0' }, { package: ./local }]\n`);
    const { plugins } = await hub.report();
    assert.deepEqual(
      plugins.map(({ state }) => state),
      ['installed', 'unchanged'],
    );
    assert.equal(await versionOf(hub, directory), '2.0.0');
    assert.deepEqual(complaints(await loadDynamicPlugins(hub.root)), []);
  });

  await t.test('a tag that moved is followed with Always, and one HEAD tells that it did not', async () => {
    await hub.write(`plugins: [{ package: 'oci://${image}:latest!${directory}' }, { package: ./local }]\n`);
    assert.equal((await hub.report()).plugins[0]?.state, 'installed');
    assert.equal(await versionOf(hub, directory), '1.0.0');
    const still = await hub.report();
    assert.deepEqual([still.plugins[0]?.state, still.requests], ['unchanged', 1]);
    await crane(['tag', `${image}:2.0.0`, 'latest']);
    assert.equal((await hub.report()).plugins[0]?.state, 'installed');
    assert.equal(await versionOf(hub, directory), '2.0.0');
  });

  await t.test('a changed local package is installed again, and stays', async () => {
    await writeFile(join(hub.directory, 'local', 'dist', 'more.cjs.js'), '// more\n');
    const { plugins } = await hub.report();
    assert.equal(plugins[1]?.state, 'installed');
    assert.equal(await hub.read(`${local}/dist/more.cjs.js`), '// more\n');
  });

  await t.test('one that fails fails the run; the others are installed, nothing is removed or written', async () => {
    await hub.write(`
plugins:
  - package: oci://${image}:1.0.0
    pluginConfig: { greeter: { greeting: not written } }
  - package: oci://${address}/acme/absent:1.0.0!x
`);
    const before = await hub.read('app-config.dynamic-plugins.yaml');
    const { code, stderr } = await hub.run();
    assert.equal(code, 1);
    assert.match(stderr, /^\n======= 1 plugin\(s\) failed:\n {2}- oci:\/\/.*\/acme\/absent:1\.0\.0!x: /);
    assert.ok(
      stderr.includes(
        '\n======= Skipping app-config.dynamic-plugins.yaml write and cleanup because of install failures.',
      ),
    );
    assert.equal(await readFile(hub.env['TERMINATION_LOG'] ?? '', 'utf8'), `${stderr.trim()}\n`);
    assert.equal(await versionOf(hub, directory), '1.0.0');
    assert.equal(await hub.read('app-config.dynamic-plugins.yaml'), before);
    assert.deepEqual(await hub.names(), [local, directory, 'app-config.dynamic-plugins.yaml'].sort());
  });

  await t.test('what is no longer declared is removed, and nothing that is not ours', async () => {
    await mkdir(join(hub.root, 'lost+found'));
    await mkdir(join(hub.root, 'by-hand'));
    await writeFile(join(hub.root, 'by-hand', 'package.json'), '{}\n');
    await hub.write(`plugins: [{ package: ./local, disabled: true }, { package: 'oci://${image}:1.0.0' }]\n`);
    const { code, stdout } = await hub.run();
    assert.equal(code, 0);
    assert.ok(stdout.includes('\n======= Skipping disabled dynamic plugin ./local\n'), stdout);
    assert.ok(stdout.includes(`\n======= Removing previously installed dynamic plugin ${local}\n`), stdout);
    assert.deepEqual(await hub.names(), [directory, 'app-config.dynamic-plugins.yaml', 'by-hand', 'lost+found'].sort());
  });

  await t.test('no configuration leaves the plugins, and an empty app-config', async () => {
    await hub.write('');
    const { code, stdout } = await hub.run();
    assert.equal(code, 0);
    assert.match(stdout, /dynamic-plugins\.yaml file is empty\. Skipping dynamic plugins installation\./);
    assert.equal(await hub.read('app-config.dynamic-plugins.yaml'), '');
    assert.equal(await versionOf(hub, directory), '1.0.0');
  });
});

for (const [signal, exitCode] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`${signal} during a download ends the run with ${exitCode}, and the root is as it was`, async (t) => {
    const hub = await developerHub(t);
    const { port, asked } = await silentRegistry(t);
    await hub.write(`plugins: [{ package: 'oci://127.0.0.1:${port}/acme/slow:1.0!x' }]\n`);
    const child = spawn(process.execPath, [installer, hub.root], { cwd: hub.directory, env: hub.env });
    const ended = once(child, 'exit');
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout.resume();
    await asked;
    child.kill(signal);
    assert.deepEqual(await ended, [exitCode, null]);
    assert.match(stderr, new RegExp(`install-dynamic-plugins interrupted by ${signal}`));
    assert.deepEqual(await hub.names(), []);
  });
}

/** Takes connections and never answers. */
async function silentRegistry(t: TestContext): Promise<{ port: number; asked: Promise<unknown> }> {
  const port = await freePort();
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    t.after(() => {
      socket.destroy();
    });
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  t.after(() => {
    server.close();
  });
  return { port, asked: once(server, 'connection') };
}

async function publish(t: TestContext, build: Buildah, reference: string, version: string): Promise<void> {
  const context = await temporaryDirectory(t);
  const directory = imageDirectory({ name: 'greeter' });
  await writeDynamicPlugin(join(context, directory), { name: 'greeter', version });
  await build.push(context, reference, dynamicPackages([directory]));
}

async function versionOf(hub: DeveloperHub, directory: string): Promise<string> {
  assert.ok((await stat(join(hub.root, directory))).isDirectory());
  return (JSON.parse(await hub.read(`${directory}/package.json`)) as { version: string }).version;
}

function lines(text: string, start: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(start));
}
