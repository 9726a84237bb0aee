import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InstallReport } from '@gantry/backstage';
import { gantry } from '../run-main.fixture.ts';
import { type Hub, hub } from './hub.fixture.ts';

async function reportOf(world: Hub): Promise<InstallReport> {
  return JSON.parse((await world.run([world.root, '--json'])).out) as InstallReport;
}

test('with trust entries what is unsigned is refused by name, the others go on, and a signature lets it in', async (t) => {
  const world = await hub(t);
  const options = { cwd: world.cwd, env: { ...world.env, COSIGN_PASSWORD: '', GANTRY_HOME: join(world.cwd, 'home') } };
  const [trusted, other] = [await world.publish('acme/safe', ['safe']), await world.publish('free/any', ['any'])];
  await world.configure(`plugins:\n  - package: oci://${trusted.image}!safe\n  - package: oci://${other.image}!any\n`);
  const untrusted = await reportOf(world);
  assert.deepEqual(
    untrusted.plugins.map(({ state, signer }) => [state, signer]),
    [
      ['installed', 'unsigned'],
      ['installed', 'unsigned'],
    ],
  );

  await gantry(['key', 'generate'], options);
  await writeFile(
    join(world.cwd, 'gantry.yaml'),
    `schemaVersion: 1\ntrust:\n  - scope: ${world.registry.address}/acme/\n    require: cosign\n    keys: { file: gantry.pub }\n`,
  );
  const refused = await reportOf(world);
  assert.deepEqual(
    refused.plugins.map(({ state, error }) => [state, error?.code]),
    [
      ['failed', 'SIGNATURE_MISSING'],
      ['unchanged', undefined],
    ],
  );
  assert.match(refused.plugins[0]?.error?.message ?? '', /acme\/safe/);

  const signed = await gantry(['sign', trusted.image, '--key', 'gantry.key'], options);
  assert.equal(signed.code, 0, signed.err);
  const accepted = await reportOf(world);
  assert.deepEqual(
    accepted.plugins.map(({ state }) => state),
    ['installed', 'unchanged'],
  );
  assert.match(accepted.plugins[0]?.signer ?? '', /^key:|gantry\.pub|sha256/);
  const warm = await reportOf(world);
  assert.deepEqual([warm.plugins.map(({ state }) => state), warm.requests], [['unchanged', 'unchanged'], 0]);
  assert.equal(warm.plugins[0]?.signer, accepted.plugins[0]?.signer);
});
