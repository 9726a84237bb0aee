/** Plugins that Gantry publishes are read by other clients, those that others publish are installed and run. */
import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { crane, oras, skopeoCopy, skopeoRaw } from './clients.ts';
import { gantry } from './gantry.ts';
import { assemblyScriptPlugin, script } from './plugins.ts';
import { peer, temporaryDirectory } from './processes.ts';
import { registries } from './registries.ts';

for (const registry of registries) {
  test(registry.name, async (t) => {
    const { address } = await registry.start(t);

    await t.test('an executable pushed by gantry is read by oras, crane and skopeo, byte for byte', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const file = await script(directory, 'hello', 'hello');
      const reference = `${address}/acme/hello:1`;
      const { digest } = await g.json(['push', reference, file]);

      const out = join(directory, 'oras');
      assert.equal(await oras(['pull', reference, out]), digest);
      assert.deepEqual(await readFile(join(out, 'hello')), await readFile(file));
      assert.equal(await crane(['digest', reference]), digest);
      const own = await g.ok(['inspect', '--raw', reference]);
      assert.equal(await skopeoRaw(reference), own);
      assert.equal(await crane(['manifest', reference]), own.trim());
    });

    for (const verb of ['push', 'push10']) {
      const version = verb === 'push' ? '1.1' : '1.0';
      await t.test(`an executable pushed by oras (${version}) runs: by digest, and by tag with consent`, async (t) => {
        const g = await gantry(t);
        const directory = await temporaryDirectory(t);
        await script(directory, 'hello', 'from oras');
        const reference = `${address}/acme/oras-${verb}:1`;
        const digest = await oras([verb, reference, 'application/vnd.acme.plugin', 'hello'], { cwd: directory });

        const pinned = await g.run(['run', `${reference}@${digest}`, '--input', 'x']);
        assert.equal(pinned.stdout, 'from oras x', pinned.stderr);
        const root = ['--root', join(directory, 'other')];
        const refused = await g.run(['run', ...root, reference]);
        assert.equal(refused.code, 4, refused.stderr);
        assert.match(refused.stderr, /POLICY_/);
        const consented = await g.run(['run', ...root, '--allow-unsigned', reference, '--input', 'y']);
        assert.equal(consented.stdout, 'from oras y', consented.stderr);
      });
    }

    await t.test('a Wasm plugin in Go that gantry pushed comes back through oras and runs', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const ours = `${address}/acme/shout:1`;
      const pushed = await g.json(['push', ours, peer('plugin.wasm')]);
      assert.equal(pushed['kind'], 'wasm');
      await oras(['pull', ours, directory]);
      assert.deepEqual(await readFile(join(directory, 'plugin.wasm')), await readFile(peer('plugin.wasm')));

      const theirs = `${address}/acme/shout-oras:1`;
      const layer = 'plugin.wasm:application/vnd.wasm.v1.layer+wasm';
      const digest = await oras(['push', theirs, 'application/vnd.acme.plugin', layer], { cwd: directory });
      for (const plugin of [`${ours}@${pushed['digest']}`, `${theirs}@${digest}`]) {
        const answer = await g.run(['run', plugin, 'shout', '--input', 'quiet']);
        assert.equal(answer.stdout, 'QUIET', answer.stderr);
        const failed = await g.run(['run', plugin, 'fail']);
        assert.equal(failed.code, 5, failed.stderr);
        assert.match(failed.stderr, /asked to fail/);
      }
    });

    await t.test('a Wasm plugin in AssemblyScript under a generic layer type is known by its bytes', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      await assemblyScriptPlugin(directory);
      const reference = `${address}/acme/reverse:1`;
      const digest = await oras(['push', reference, 'application/vnd.acme.plugin', 'reverse.wasm'], { cwd: directory });
      const answer = await g.run(['run', `${reference}@${digest}`, '--input', 'abc']);
      assert.equal(answer.stdout, 'cba', answer.stderr);
    });

    await t.test('of several platforms each gets its own; crane and skopeo read the same index', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const amd = await script(directory, 'amd', 'amd64');
      const arm = await script(directory, 'arm', 'arm64');
      const reference = `${address}/acme/many:1`;
      const platforms = ['--platform', `linux/amd64=${amd}`, '--platform', `linux/arm64=${arm}`];
      const pushed = await g.json(['push', reference, ...platforms]);
      assert.deepEqual(pushed['platforms'], ['linux/amd64', 'linux/arm64']);

      const layout = `${directory}/layout`;
      await skopeoCopy(`docker://${reference}`, `oci:${layout}:1`, ['--all']);
      assert.equal((await g.json(['inspect', `oci-layout:${layout}:1`]))['digest'], pushed['digest']);
      for (const platform of ['linux/amd64', 'linux/arm64']) {
        const own = await g.json(['inspect', '--platform', platform, reference]);
        const manifest = JSON.parse(await crane(['--platform', platform, 'manifest', reference]));
        assert.deepEqual(
          (own['layers'] as { digest: string }[]).map(({ digest }) => digest),
          manifest.layers.map(({ digest }: { digest: string }) => digest),
        );
      }
      const pinned = `${reference}@${pushed['digest']}`;
      const here = process.arch === 'arm64' ? 'arm64' : 'amd64';
      assert.equal((await g.run(['run', pinned])).stdout, `${here} `);
      const foreign = await g.run(['install', '--platform', 'windows/amd64', '--name', 'foreign', pinned]);
      assert.equal(foreign.code, 4, foreign.stderr);
      assert.match(foreign.stderr, /linux\/amd64/);
      await assert.rejects(access(join(g.env['GANTRY_HOME'] ?? '', 'plugins', 'foreign')));
    });

    await t.test('native before Wasm, in an index over what oras pushed; Wasm where nothing native fits', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const here = process.arch === 'arm64' ? 'arm64' : 'amd64';
      await script(directory, 'hello', 'chosen');
      await assemblyScriptPlugin(directory);
      const repository = `${address}/acme/assembled`;
      await oras(['push', `${repository}:wasm`, 'application/vnd.acme.plugin', 'reverse.wasm'], { cwd: directory });
      await oras(['push', `${repository}:native`, 'application/vnd.acme.plugin', 'hello'], { cwd: directory });
      const index = JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: await Promise.all([
          entry(`${repository}:wasm`, { os: 'wasi', architecture: 'wasm' }),
          entry(`${repository}:native`, { os: 'linux', architecture: here }),
        ]),
      });
      const response = await fetch(`http://${repository.replace('/', '/v2/')}/manifests/all`, {
        method: 'PUT',
        headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
        body: index,
      });
      assert.equal(response.status, 201);
      const ran = await g.run(['run', '--allow-unsigned', `${repository}:all`]);
      assert.equal(ran.stdout, 'chosen ', ran.stderr);
      const inspected = await g.json(['inspect', '--platform', 'linux/s390x', `${repository}:all`]);
      assert.equal(inspected['platform'], 'wasi/wasm');
    });
  });
}

async function entry(reference: string, platform: { os: string; architecture: string }): Promise<object> {
  const bytes = await skopeoRaw(reference);
  const digest = await crane(['digest', reference]);
  return { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: Buffer.byteLength(bytes), platform };
}
