/** Artifacts with a subject: listed, copied and deleted over registries with and without the referrers API. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crane, oras, skopeoCopy } from './clients.ts';
import { type Gantry, gantry } from './gantry.ts';
import { pushCraneImage } from './images.ts';
import { script } from './plugins.ts';
import { temporaryDirectory } from './processes.ts';
import { registries, startDockerRegistry, startOlareg } from './registries.ts';

interface Listed {
  readonly via: string;
  readonly complete: boolean;
  readonly referrers: readonly { readonly digest: string; readonly artifactType: string }[];
}

async function listed(g: Gantry, reference: string, flags: readonly string[] = []): Promise<Listed> {
  return (await g.json(['referrers', reference, ...flags])) as unknown as Listed;
}

const digests = (found: Listed): string[] => found.referrers.map(({ digest }) => digest).sort();

/** Attaches a small file with oras; gives the digest of the referrer. */
async function attach(t: TestContext, reference: string, type = 'sbom'): Promise<string> {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, `${type}.json`), JSON.stringify({ of: reference }));
  const file = `${type}.json:application/json`;
  return oras(['attach', reference, `application/vnd.acme.${type}`, file], { cwd: directory });
}

for (const registry of registries) {
  test(registry.name, async (t) => {
    const { address } = await registry.start(t);

    await t.test('what oras attaches is listed, all of it and by type', async (t) => {
      const g = await gantry(t);
      const reference = `${address}/acme/listed:1`;
      await g.json(['push', reference, await script(await temporaryDirectory(t), 'plugin', 'x')]);
      assert.deepEqual((await listed(g, reference)).referrers, []);
      const sbom = await attach(t, reference, 'sbom');
      const note = await attach(t, reference, 'note');

      const all = await listed(g, reference);
      assert.deepEqual(digests(all), [sbom, note].sort());
      assert.equal(all.via, registry.referrers);
      assert.equal(all.complete, true);
      const notes = await listed(g, reference, ['--artifact-type', 'application/vnd.acme.note']);
      assert.deepEqual(
        notes.referrers.map(({ digest, artifactType }) => ({ digest, artifactType })),
        [{ digest: note, artifactType: 'application/vnd.acme.note' }],
      );
    });

    await t.test(
      'what gantry copies with referrers is discovered by oras, on the index and on its children',
      async (t) => {
        const g = await gantry(t);
        const directory = await temporaryDirectory(t);
        const source = (await startOlareg(t)).address;
        const platforms = ['linux/amd64', 'linux/arm64'];
        const paths = await Promise.all(platforms.map((platform) => script(directory, platform.slice(6), platform)));
        const index = `${source}/acme/plugin:1`;
        const flags = platforms.flatMap((platform, at) => ['--platform', `${platform}=${paths[at]}`]);
        const { digest } = await g.json(['push', index, ...flags]);
        const child = JSON.parse(await crane(['manifest', index])).manifests[1].digest;
        const onIndex = await attach(t, index);
        const onChild = await attach(t, `${source}/acme/plugin@${child}`);
        const onReferrer = await attach(t, `${source}/acme/plugin@${onIndex}`, 'signature');

        const layout = `oci-layout:${directory}/layout:1`;
        const copy = `${address}/acme/copy:1`;
        await g.json(['copy', '--referrers', index, layout]);
        await g.json(['copy', '--referrers', layout, copy]);
        const discover = (of: string): Promise<string> => oras(['discover', `${address}/acme/copy@${of}`]);
        assert.equal(await crane(['digest', copy]), digest);
        assert.equal(await discover(String(digest)), `${onIndex} application/vnd.acme.sbom`);
        assert.equal(await discover(child), `${onChild} application/vnd.acme.sbom`);
        assert.equal(await discover(onIndex), `${onReferrer} application/vnd.acme.signature`);

        const back = `${source}/acme/back:1`;
        await g.json(['copy', '--referrers', copy, back]);
        assert.equal(await oras(['discover', back]), `${onIndex} application/vnd.acme.sbom`);
        const without = `${source}/acme/without:1`;
        await g.json(['copy', copy, without]);
        assert.equal(await oras(['discover', without]), '');
      },
    );

    await t.test('a referrer that gantry deletes is gone from every list, the others stay', async (t) => {
      const g = await gantry(t);
      const reference = `${address}/acme/deleted:1`;
      await g.json(['push', reference, await script(await temporaryDirectory(t), 'plugin', 'x')]);
      const sbom = await attach(t, reference, 'sbom');
      const note = await attach(t, reference, 'note');
      await g.ok(['delete', `${address}/acme/deleted@${sbom}`]);
      assert.deepEqual(digests(await listed(g, reference)), [note]);
      assert.equal(await oras(['discover', reference]), `${note} application/vnd.acme.note`);
    });

    await t.test('a subject that crane made with Docker media types has referrers like any other', async (t) => {
      const g = await gantry(t);
      const reference = `${address}/acme/docker-typed:1`;
      await pushCraneImage(await temporaryDirectory(t), reference);
      const sbom = await attach(t, reference);
      assert.deepEqual(digests(await listed(g, reference)), [sbom]);
      const copy = `oci-layout:${await temporaryDirectory(t)}/layout:1`;
      await g.json(['copy', '--referrers', reference, copy]);
      assert.deepEqual(digests(await listed(g, copy)), [sbom]);
    });
  });
}

test('a list under a fallback tag that was copied to a registry with the API is found there as well', async (t) => {
  const g = await gantry(t);
  const old = (await startDockerRegistry(t)).address;
  const reference = `${old}/acme/plugin:1`;
  const { digest } = await g.json(['push', reference, await script(await temporaryDirectory(t), 'plugin', 'x')]);
  const sbom = await attach(t, reference);
  // What a copy of all tags does to a registry that gained the API later.
  const { address } = await startOlareg(t);
  const tag = String(digest).replace(':', '-');
  await skopeoCopy(`docker://${reference}`, `docker://${address}/acme/plugin:1`);
  await skopeoCopy(`docker://${old}/acme/plugin:${tag}`, `docker://${address}/acme/plugin:${tag}`, ['--all']);
  const found = await listed(g, `${address}/acme/plugin:1`);
  assert.deepEqual(digests(found), [sbom]);
  assert.equal(found.via, 'both');
});
