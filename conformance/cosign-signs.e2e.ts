/** Signatures that real cosign makes, in every shape, are accepted here and by cosign itself. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Cosign, cosignSign, cosignVerify, type SignatureShape } from './cosign.ts';
import { inOwnNetwork } from './own-network.ts';
import { startDockerRegistry, startOlareg } from './registries.ts';
import { shapesOf } from './signed-cases.ts';
import { type SigningWorld, signingWorld } from './signing-world.ts';

const COSIGNS: readonly Cosign[] = ['cosign3', 'cosign2'];

/** One bundle and one `.sig` of each, where a registry has nothing new to say about the others. */
function ordinary(shape: SignatureShape): boolean {
  return shape.log === 'rekor1' && shape.layout !== 'referrer' && (shape.layout === 'bundle' || !shape.stamped);
}

async function allShapes(
  t: TestContext,
  world: SigningWorld,
  address: string,
  wanted: (shape: SignatureShape) => boolean,
): Promise<void> {
  let count = 0;
  for (const cosign of COSIGNS) {
    for (const who of ['keyless', 'keyed'] as const) {
      for (const shape of shapesOf(cosign, who === 'keyless').filter(wanted)) {
        const name = [who, shape.layout, `log ${shape.log}`, ...(shape.stamped ? ['timestamp'] : [])].join(', ');
        await t.test(`${cosign}: ${name}`, async () => {
          const reference = await world.push(`${address}/acme/plugin${count++}`);
          const { signer, expected } = world[who];
          await cosignSign(cosign, world.sigstore, shape, signer(), reference);
          const theirs = await cosignVerify(cosign, world.sigstore, shape, expected, reference);
          assert.equal(theirs.code, 0, theirs.stderr);
          const ours = await world.verify(shape, expected, reference);
          if (who === 'keyless' && shape.log === 'none' && !shape.stamped) {
            // cosign takes the clock of its own host; nothing that lasts tells when the certificate was used.
            assert.equal(ours.code, 4, ours.stderr);
            assert.match(ours.stderr, /SIGNATURE_TIME/);
          } else {
            assert.equal(ours.code, 0, ours.stderr);
            assert.equal(JSON.parse(ours.stdout).accepted, true);
          }
        });
      }
    }
  }
}

if (inOwnNetwork()) {
  test('in a registry with the referrers API', async (t) => {
    const world = await signingWorld(t);
    await allShapes(t, world, (await startOlareg(t)).address, () => true);
  });

  test('in a registry without the referrers API', async (t) => {
    const world = await signingWorld(t);
    await allShapes(t, world, (await startDockerRegistry(t)).address, ordinary);
  });
}
