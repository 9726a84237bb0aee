/** OCI image layouts on disk: ours read by crane and skopeo, theirs read by us. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { crane, oras, skopeoCopy } from './clients.ts';
import { gantry } from './gantry.ts';
import { pushCraneImage } from './images.ts';
import { script } from './plugins.ts';
import { temporaryDirectory } from './processes.ts';
import { registries } from './registries.ts';

for (const registry of registries) {
  test(registry.name, async (t) => {
    const { address } = await registry.start(t);

    await t.test('a layout that gantry wrote is pushed by gantry, skopeo and crane with one digest', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const layout = join(directory, 'layout');
      const { digest } = await g.json(['push', `oci-layout:${layout}:1`, await script(directory, 'hello', 'hello')]);
      await g.ok(['copy', `oci-layout:${layout}:1`, `${address}/acme/ours:gantry`]);
      await skopeoCopy(`oci:${layout}:1`, `docker://${address}/acme/ours:skopeo`);
      await crane(['push', layout, `${address}/acme/ours:crane`]);
      for (const tag of ['gantry', 'skopeo', 'crane']) {
        assert.equal(await crane(['digest', `${address}/acme/ours:${tag}`]), digest, tag);
      }
      const ran = await g.run(['run', `${address}/acme/ours@${digest}`, '--input', 'there']);
      assert.equal(ran.stdout, 'hello there', ran.stderr);
    });

    await t.test('layouts that skopeo and crane wrote are inspected, listed, copied and run', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const hello = await script(directory, 'hello', 'hello');
      const { digest } = await g.json(['push', `${address}/acme/plugin:1`, hello]);
      const theirs = join(directory, 'skopeo');
      await skopeoCopy(`docker://${address}/acme/plugin:1`, `oci:${theirs}:v1`);
      assert.deepEqual((await g.json(['tags', `oci-layout:${theirs}`]))['tags'], ['v1']);
      assert.equal((await g.json(['inspect', `oci-layout:${theirs}:v1`]))['digest'], digest);
      assert.equal(await g.ok(['run', `oci-layout:${theirs}:v1`, '--input', 'x']), 'hello x');

      const untagged = join(directory, 'crane');
      await crane(['pull', '--format', 'oci', `${address}/acme/plugin:1`, untagged]);
      const pinned = `oci-layout:${untagged}@${digest}`;
      assert.equal((await g.json(['inspect', pinned]))['digest'], digest);
      assert.equal((await g.json(['copy', pinned, `${address}/acme/again:1`]))['digest'], digest);
    });

    await t.test('gantry and skopeo write into one layout and keep what the other wrote', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      const layout = join(directory, 'layout');
      const first = await pushCraneImage(directory, `${address}/acme/shared:1`);
      await skopeoCopy(`docker://${address}/acme/shared:1`, `oci:${layout}:theirs`, ['--format', 'oci']);
      const ours = await g.json(['push', `oci-layout:${layout}:ours`, join(directory, 'hello')]);
      await skopeoCopy(`docker://${address}/acme/shared:1`, `oci:${layout}:again`, ['--format', 'oci']);
      assert.deepEqual((await g.json(['tags', `oci-layout:${layout}`]))['tags'], ['again', 'ours', 'theirs']);
      assert.equal((await g.json(['inspect', `oci-layout:${layout}:ours`]))['digest'], ours['digest']);
      assert.notEqual((await g.json(['inspect', `oci-layout:${layout}:theirs`]))['digest'], first);
      await skopeoCopy(`oci:${layout}:ours`, `docker://${address}/acme/shared:ours`);
      assert.equal(await crane(['digest', `${address}/acme/shared:ours`]), ours['digest']);
    });

    await t.test('pull --layout gives a layout that crane pushes', async (t) => {
      const g = await gantry(t);
      const directory = await temporaryDirectory(t);
      await script(directory, 'hello', 'pulled');
      const reference = `${address}/acme/pulled:1`;
      const digest = await oras(['push', reference, 'application/vnd.acme.plugin', 'hello'], { cwd: directory });
      const layout = join(directory, 'layout');
      await g.ok(['pull', `${reference}@${digest}`, '--layout', '-o', layout]);
      assert.deepEqual(JSON.parse(await readFile(join(layout, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' });
      await crane(['push', layout, `${address}/acme/pulled:2`]);
      assert.equal(await crane(['digest', `${address}/acme/pulled:2`]), digest);
    });
  });
}
