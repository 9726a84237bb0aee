/** Archives and images that tar, oras, crane and skopeo made: layers, whiteouts, Docker's media types and lists. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { crane, oras, skopeoCopy } from './clients.ts';
import { gantry } from './gantry.ts';
import { pushCraneImage, tarOf } from './images.ts';
import { run, temporaryDirectory } from './processes.ts';
import { registries } from './registries.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

for (const registry of registries) {
  test(registry.name, async (t) => {
    const { address } = await registry.start(t);

    for (const { suffix, flags } of [
      { suffix: 'tar', flags: [] },
      { suffix: 'tar+gzip', flags: ['--gzip'] },
      { suffix: 'tar+zstd', flags: ['--zstd'] },
    ]) {
      await t.test(`a ${suffix} layer that tar made and oras pushed is extracted`, async (t) => {
        const g = await gantry(t);
        const directory = await temporaryDirectory(t);
        await tarOf(directory, 'files', { 'nested/file.txt': 'inside' }, flags);
        const reference = `${address}/acme/${suffix.replace('+', '-')}:1`;
        const layer = `files:application/vnd.oci.image.layer.v1.${suffix}`;
        const digest = await oras(['push', reference, 'application/vnd.acme.files', layer], { cwd: directory });
        const out = join(directory, 'out');
        await g.ok(['pull', `${reference}@${digest}`, '-o', out]);
        assert.equal(await readFile(join(out, 'nested', 'file.txt'), 'utf8'), 'inside');
      });
    }

    await t.test('of a Docker list that crane made the image for this machine is installed', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const image = `${address}/acme/image`;
      for (const name of ['amd64', 'arm64']) await pushCraneImage(directory, `${image}:${name}`, `linux/${name}`);
      const parts = ['amd64', 'arm64'].flatMap((name) => ['-m', `${image}:${name}`]);
      await crane(['index', 'append', '--docker-empty-base', ...parts, '-t', `${image}:list`]);
      const digest = await crane(['digest', `${image}:list`]);

      const inspected = await g.json(['inspect', `${image}:list`]);
      assert.equal(inspected['mediaType'], 'application/vnd.docker.distribution.manifest.list.v2+json');
      assert.deepEqual(inspected['platforms'], ['linux/amd64', 'linux/arm64']);
      const { plugins } = (await g.json(['install', `${image}:list@${digest}`])) as { plugins: { platform: string }[] };
      assert.equal(plugins[0]?.platform, `linux/${architecture}`);
      assert.equal(await g.ok(['run', 'image']), `${architecture} `);

      const copied = await g.json(['copy', `${image}:list`, `${address}/acme/copied:1`]);
      assert.equal(copied['digest'], digest);
      await crane(['validate', '--remote', `${address}/acme/copied:1`]);
    });

    await t.test(
      'layers of an image are merged in order and whiteouts applied, recompressed to zstd as well',
      async (t) => {
        const g = await gantry(t);
        const directory = await temporaryDirectory(t);
        const lower = await tarOf(directory, 'lower.tar', { 'etc/old': 'old', 'etc/kept': 'kept', 'opaque/a': 'a' });
        const upper = await tarOf(directory, 'upper.tar', {
          'etc/.wh.old': '',
          'etc/new': 'new',
          'opaque/.wh..wh..opq': '',
          'opaque/b': 'b',
        });
        const image = `${address}/acme/layers:1`;
        await crane(['append', '-f', lower, '-f', upper, '-t', image]);
        const zstd = `${address}/acme/layers:zstd`;
        // By way of a layout: in a registry that has the gzip layers skopeo uses those again.
        const recompress = ['--dest-compress', '--dest-compress-format', 'zstd'];
        await skopeoCopy(`docker://${image}`, `oci:${directory}/zstd:1`, recompress);
        await skopeoCopy(`oci:${directory}/zstd:1`, `docker://${zstd}`);
        const { layers } = await g.json(['inspect', zstd]);
        assert.deepEqual(
          (layers as { mediaType: string }[]).map(({ mediaType }) => mediaType),
          Array(2).fill('application/vnd.oci.image.layer.v1.tar+zstd'),
        );
        for (const [at, reference] of [image, zstd].entries()) {
          const out = join(directory, `out-${at}`);
          await g.ok(['pull', '--allow-unsigned', reference, '-o', out]);
          assert.deepEqual((await readdir(join(out, 'etc'))).sort(), ['kept', 'new']);
          assert.deepEqual(await readdir(join(out, 'opaque')), ['b']);
        }
      },
    );

    await t.test('a directory that gantry packed is an archive for oras and tar', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      await tarOf(directory, 'made', { 'nested/file.txt': 'inside' });
      const reference = `${address}/acme/packed:1`;
      const { digest, layers } = await g.json(['push', reference, join(directory, 'content-of-made')]);
      const [layer] = layers as { mediaType: string; title: string }[];
      assert.match(layer?.mediaType ?? '', /tar\+gzip$/);
      const out = join(directory, 'out');
      assert.equal(await oras(['pull', reference, out]), digest);
      await run('tar', ['-xzf', join(out, layer?.title ?? ''), '-C', out]);
      assert.equal(await readFile(join(out, 'nested', 'file.txt'), 'utf8'), 'inside');
    });
  });
}
