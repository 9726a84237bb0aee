/** Plugins that real cosign signed, under trust entries beside dynamic-plugins.yaml. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaints, loadDynamicPlugins } from './backstage.ts';
import { type Cosign, cosignKeyPair, cosignSign, type SignatureShape, type Signer } from './cosign.ts';
import { developerHub } from './developer-hub.ts';
import { imageDirectory, writeDynamicPlugin } from './dynamic-plugin.ts';
import { EMAIL_ISSUER } from './oidc-issuer.ts';
import { inOwnNetwork } from './own-network.ts';
import { startDockerRegistry, startOlareg } from './registries.ts';
import { type SigningWorld, signingWorld } from './signing-world.ts';

const BUNDLE: SignatureShape = { layout: 'bundle', log: 'rekor2', stamped: true };
const TAG: SignatureShape = { layout: 'tag', log: 'none', stamped: false };

if (inOwnNetwork()) {
  test('unsigned and wrongly signed images are refused by name, the others go on, and a warm start asks nobody', async (t) => {
    const world = await signingWorld(t);
    const [olareg, docker] = await Promise.all([startOlareg(t), startDockerRegistry(t)]);
    const { key } = await cosignKeyPair('cosign3', join(world.directory, 'stranger'));
    const sign = signedBy(world);
    await sign(`${olareg.address}/acme/keyless`, 'keyless', 'cosign3', BUNDLE, world.keyless.signer());
    await sign(`${docker.address}/acme/keyed`, 'keyed', 'cosign2', TAG, world.keyed.signer());
    await sign(`${docker.address}/acme/stranger`, 'stranger', 'cosign2', TAG, { key });
    await published(world, `${docker.address}/acme/unsigned`, 'unsigned');
    await published(world, `${docker.address}/free/unsigned`, 'free');

    const hub = await developerHub(t);
    const { expected } = world.keyed;
    const pub = 'key' in expected ? expected.key : '';
    const entries = (names: readonly string[]): string =>
      names.map((name) => `  - package: oci://${name}:1.0\n`).join('');
    await hub.write(
      `schemaVersion: 1
trust:
  - scope: ${olareg.address}/acme/
    require: cosign
    keyless: { issuer: ${EMAIL_ISSUER}, identity: alice@example.com }
    trustRoot: { trustedRoot: ${world.sigstore.trustedRoot} }
  - scope: ${docker.address}/acme/
    require: cosign
    keys: [{ file: ${pub} }]
    log: none
`,
      'gantry.yaml',
    );
    const good = [`${olareg.address}/acme/keyless`, `${docker.address}/acme/keyed`, `${docker.address}/free/unsigned`];
    const bad = [`${docker.address}/acme/stranger`, `${docker.address}/acme/unsigned`];
    await hub.write(`plugins:\n${entries([...good, ...bad])}`);

    const mixed = await hub.report(1);
    assert.deepEqual(
      mixed.plugins.map(({ state, error }) => [state, error?.code]),
      [
        ['installed', undefined],
        ['installed', undefined],
        ['installed', undefined],
        ['failed', 'SIGNATURE_INVALID'],
        ['failed', 'SIGNATURE_MISSING'],
      ],
    );
    assert.match(mixed.plugins[0]?.signer ?? '', /alice@example\.com/);
    assert.equal(mixed.plugins[2]?.signer, 'unsigned');
    for (const { error } of mixed.plugins.slice(3)) assert.match(error?.message ?? '', /\/acme\//);

    await hub.write(`plugins:\n${entries(good)}`);
    const warm = await hub.report();
    assert.deepEqual([warm.requests, warm.plugins.map(({ state }) => state)], [0, Array(3).fill('unchanged')]);
    const loaded = await loadDynamicPlugins(hub.root);
    assert.deepEqual(complaints(loaded), []);
    assert.equal(loaded.plugins.length, 3);
  });
}

/** Publishes the image of a plugin; gives its name with digest. */
async function published({ gantry, directory }: SigningWorld, repository: string, name: string): Promise<string> {
  const exported = join(directory, imageDirectory({ name }));
  await writeDynamicPlugin(exported, { name });
  const { digest } = await gantry.json(['backstage', 'package', exported, '--tag', `${repository}:1.0`]);
  return `${repository}@${digest}`;
}

/** Publishes plugins and has cosign sign them. */
function signedBy(world: SigningWorld) {
  return async (
    repository: string,
    name: string,
    cosign: Cosign,
    shape: SignatureShape,
    signer: Signer,
  ): Promise<void> => {
    await cosignSign(cosign, world.sigstore, shape, signer, await published(world, repository, name));
  };
}
