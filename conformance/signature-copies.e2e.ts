/** What becomes of signatures when artifacts are copied, mirrored and kept in layouts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { skopeoCopy } from './clients.ts';
import { type Cosign, cosignSign, cosignVerify, type SignatureShape } from './cosign.ts';
import { inOwnNetwork } from './own-network.ts';
import { outcomeOf, peer } from './processes.ts';
import { startDockerRegistry, startOlareg } from './registries.ts';
import { signingWorld } from './signing-world.ts';

interface Signed {
  readonly cosign: Cosign;
  readonly who: 'keyed' | 'keyless';
  readonly shape: SignatureShape;
}

const SIGNED: readonly Signed[] = [
  { cosign: 'cosign3', who: 'keyless', shape: { layout: 'bundle', log: 'rekor2', stamped: true } },
  { cosign: 'cosign3', who: 'keyed', shape: { layout: 'bundle', log: 'none', stamped: false } },
  { cosign: 'cosign2', who: 'keyless', shape: { layout: 'tag', log: 'rekor1', stamped: false } },
  { cosign: 'cosign2', who: 'keyed', shape: { layout: 'tag', log: 'none', stamped: false } },
  { cosign: 'cosign2', who: 'keyed', shape: { layout: 'referrer', log: 'none', stamped: false } },
];

if (inOwnNetwork()) {
  const targets = [
    { name: 'a registry with the referrers API', start: startOlareg },
    { name: 'a registry without the referrers API', start: startDockerRegistry },
  ];
  for (const { name, start } of targets) {
    test(`copies in ${name}`, async (t) => {
      const world = await signingWorld(t);
      const source = (await startOlareg(t)).address;
      const target = (await start(t)).address;
      const g = world.gantry;
      for (const [index, { cosign, who, shape }] of SIGNED.entries()) {
        const signature = `${who} ${shape.layout}`;
        const reference = await world.push(`${source}/acme/plugin${index}`);
        const { signer, expected } = world[who];
        await cosignSign(cosign, world.sigstore, shape, signer(), reference);
        const digest = reference.slice(reference.indexOf('@'));

        await t.test(`gantry copy --referrers keeps a ${signature}, through a layout as well`, async () => {
          const layout = `oci-layout:${join(world.directory, `layout${index}`)}:1`;
          await g.json(['copy', '--referrers', reference, layout]);
          const offline = await world.verify(shape, expected, layout, ['--offline']);
          assert.equal(offline.code, 0, offline.stderr);
          const copy = `${target}/mirror/plugin${index}`;
          await g.json(['copy', '--referrers', layout, `${copy}:1`]);
          const ours = await world.verify(shape, expected, `${copy}${digest}`);
          assert.equal(ours.code, 0, ours.stderr);
          const theirs = await cosignVerify(cosign, world.sigstore, shape, expected, `${copy}${digest}`);
          assert.equal(theirs.code, 0, theirs.stderr);
        });

        await t.test(`gantry copy without it and skopeo copy lose a ${signature}, which is refused`, async () => {
          const bare = `${target}/bare/plugin${index}`;
          await g.json(['copy', reference, `${bare}:1`]);
          const skopeo = `${target}/skopeo/plugin${index}`;
          await skopeoCopy(`docker://${reference}`, `docker://${skopeo}:1`);
          for (const copy of [bare, skopeo]) {
            const lost = await world.verify(shape, expected, `${copy}${digest}`);
            assert.equal(lost.code, 4, lost.stderr);
            assert.match(lost.stderr, /SIGNATURE_MISSING/);
          }
        });

        if (shape.layout !== 'tag') continue;
        await t.test(`cosign copy keeps a ${signature}`, async () => {
          const copy = `${target}/cosign/plugin${index}`;
          const flags = ['--allow-http-registry', '--allow-insecure-registry'];
          const copied = await outcomeOf(peer(cosign), ['copy', ...flags, reference, `${copy}:1`]);
          assert.equal(copied.code, 0, copied.stderr);
          const ours = await world.verify(shape, expected, `${copy}${digest}`);
          assert.equal(ours.code, 0, ours.stderr);
        });
      }
    });
  }
}
