/** What Gantry pushes, others read; what others push, Gantry installs and runs. Against every registry. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { gantry } from './gantry.ts';
import { installPeers } from './install-peers.ts';
import {
  type Peer,
  peer,
  run,
  startCraneRegistry,
  startDockerRegistry,
  startOlareg,
  temporaryDirectory,
} from './peers.ts';

const registries: readonly { name: string; start: (t: TestContext) => Promise<Peer> }[] = [
  { name: 'docker-registry', start: (t) => startDockerRegistry(t) },
  { name: 'olareg', start: startOlareg },
  { name: 'crane registry', start: startCraneRegistry },
];

/** A plugin that says who it is and repeats its input. */
async function script(directory: string, name: string, says: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, `#!/bin/sh\nprintf '%s ' '${says}'\ncat\n`);
  await chmod(file, 0o755);
  return file;
}

before(installPeers);

for (const registry of registries) {
  describe(registry.name, () => {
    test('an executable pushed by gantry is pulled by oras and crane', async (t) => {
      const { address } = await registry.start(t);
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const file = await script(directory, 'hello', 'hello');
      const pushed = await g.json(['push', `${address}/acme/hello:1`, file]);

      const out = join(directory, 'oras');
      assert.equal((await run(peer('oras'), ['pull', `${address}/acme/hello:1`, out])).trim(), pushed['digest']);
      assert.deepEqual(await readFile(join(out, 'hello')), await readFile(file));
      const digest = await run(peer('crane'), ['digest', '--insecure', `${address}/acme/hello:1`]);
      assert.equal(digest.trim(), pushed['digest']);
    });

    test('an executable pushed by oras runs, by digest and, with consent, by tag', async (t) => {
      const { address } = await registry.start(t);
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      await script(directory, 'hello', 'from oras');
      for (const verb of ['push', 'push10']) {
        const reference = `${address}/acme/${verb}:1`;
        const digest = (
          await run(peer('oras'), [verb, reference, 'application/vnd.acme.plugin', 'hello'], { cwd: directory })
        ).trim();
        const pinned = await g.run(['run', `${reference}@${digest}`, '--input', 'x']);
        assert.equal(pinned.stdout, 'from oras x', pinned.stderr);
        const refused = await g.run(['run', '--root', join(directory, 'other'), reference]);
        assert.equal(refused.code, 4, refused.stderr);
        const consented = await g.run([
          'run',
          '--root',
          join(directory, 'other'),
          '--allow-unsigned',
          reference,
          '--input',
          'y',
        ]);
        assert.equal(consented.stdout, 'from oras y', consented.stderr);
      }
    });

    test('a real Go plugin for Wasm travels and answers', async (t) => {
      const { address } = await registry.start(t);
      const g = await gantry(t);
      const reference = `${address}/acme/shout:1`;
      const pushed = await g.json(['push', reference, peer('plugin.wasm'), '--kind', 'wasm']);
      assert.equal(pushed['kind'], 'wasm');
      const answer = await g.run(['run', `${reference}@${pushed['digest']}`, 'shout', '--input', 'quiet']);
      assert.equal(answer.stdout, 'QUIET', answer.stderr);
      const failed = await g.run(['run', `${reference}@${pushed['digest']}`, 'fail']);
      assert.equal(failed.code, 5, failed.stderr);
    });

    test('an index of platforms made by gantry is copied by skopeo and read by crane', async (t) => {
      const { address } = await registry.start(t);
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const amd = await script(directory, 'amd', 'amd64');
      const arm = await script(directory, 'arm', 'arm64');
      const reference = `${address}/acme/many:1`;
      const pushed = await g.json([
        'push',
        reference,
        '--platform',
        `linux/amd64=${amd}`,
        '--platform',
        `linux/arm64=${arm}`,
      ]);
      assert.deepEqual(pushed['platforms'], ['linux/amd64', 'linux/arm64']);

      const manifest = JSON.parse(await run(peer('crane'), ['manifest', '--insecure', reference]));
      assert.equal(manifest.manifests.length, 2);
      await run('skopeo', [
        'copy',
        '-q',
        '--all',
        '--src-tls-verify=false',
        `docker://${reference}`,
        `oci:${directory}/layout:1`,
      ]);
      const own = await g.json(['inspect', `oci-layout:${directory}/layout:1`]);
      assert.equal(own['digest'], pushed['digest']);
    });

    test('gzip and zstd layers pushed by other tools are extracted', async (t) => {
      const { address } = await registry.start(t);
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      await mkdir(join(directory, 'content', 'nested'), { recursive: true });
      await writeFile(join(directory, 'content', 'nested', 'file.txt'), 'inside');
      const archives = [
        { file: 'files.tar.gz', flag: '-czf', mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' },
        { file: 'files.tar.zst', flag: '--zstd -cf', mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' },
        { file: 'files.tar', flag: '-cf', mediaType: 'application/vnd.oci.image.layer.v1.tar' },
      ];
      for (const archive of archives) {
        await run('tar', [...archive.flag.split(' '), archive.file, '-C', 'content', '.'], { cwd: directory });
        const reference = `${address}/acme/${archive.file.replaceAll('.', '-')}:1`;
        await run(
          peer('oras'),
          ['push', reference, 'application/vnd.acme.files', `${archive.file}:${archive.mediaType}`],
          { cwd: directory },
        );
        const out = join(directory, `out-${archive.file}`);
        const pulled = await g.run(['pull', '--allow-unsigned', reference, '-o', out]);
        assert.equal(pulled.code, 0, pulled.stderr);
        assert.equal(await readFile(join(out, 'nested', 'file.txt'), 'utf8'), 'inside');
      }
    });

    test('layouts go both ways', async (t) => {
      const { address } = await registry.start(t);
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const file = await script(directory, 'hello', 'hello');
      const pushed = await g.json(['push', `oci-layout:${directory}/ours:1`, file]);
      await g.json(['copy', `oci-layout:${directory}/ours:1`, `${address}/acme/a:1`]);
      const crane = await run(peer('crane'), ['digest', '--insecure', `${address}/acme/a:1`]);
      assert.equal(crane.trim(), pushed['digest']);
      await run('skopeo', [
        'copy',
        '-q',
        '--dest-tls-verify=false',
        `oci:${directory}/ours:1`,
        `docker://${address}/acme/b:1`,
      ]);
      const ran = await g.run(['run', `${address}/acme/b@${pushed['digest']}`, '--input', 'there']);
      assert.equal(ran.stdout, 'hello there', ran.stderr);
      await run('skopeo', [
        'copy',
        '-q',
        '--src-tls-verify=false',
        `docker://${address}/acme/a:1`,
        `oci:${directory}/theirs:1`,
      ]);
      assert.equal((await g.json(['inspect', `oci-layout:${directory}/theirs:1`]))['digest'], pushed['digest']);
    });

    test('tags, tag and delete', async (t) => {
      const { address } = await registry.start(t);
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const file = await script(directory, 'hello', 'hello');
      const { digest } = await g.json(['push', `${address}/acme/hello:1`, file]);
      await g.json(['tag', `${address}/acme/hello:1`, '2']);
      assert.deepEqual((await g.json(['tags', `${address}/acme/hello`]))['tags'], ['1', '2']);
      const deleted = await g.run(['delete', `${address}/acme/hello@${digest}`]);
      assert.equal(deleted.code, 0, deleted.stderr);
      assert.equal((await g.run(['inspect', `${address}/acme/hello:1`])).code, 3);
    });
  });
}
