import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Policy } from '@gantry/core';
import { fakeEnvironment } from '@gantry/testkit';
import { openImages } from '../images/open-images.ts';
import { containersPlaces } from './containers-places.ts';
import { openContainers } from './open-containers.ts';
import { policyWorld } from './policy.fixture.ts';

test('the files are where containers/image has them', () => {
  const root = process.geteuid?.() === 0;
  assert.deepEqual(containersPlaces({ HOME: '/home/me' }), {
    system: '/etc/containers',
    user: join('/home/me', '.config', 'containers'),
    signatures: root ? '/var/lib/containers/sigstore' : join('/home/me', '.local', 'share', 'containers', 'sigstore'),
  });
});

test('trust entries of gantry.yaml and policy.json both have to accept', async (t) => {
  const world = await policyWorld(t);
  const environment = fakeEnvironment({ env: { HOME: world.home } });
  const trust = (require: 'digest' | 'none'): Policy => ({
    fallback: 'none',
    lists: [[{ scope: world.registry.address, require, source: 'gantry.yaml: trust[0]' }]],
  });
  const admit = async (policy: Policy, requirement: string): Promise<string> => {
    await world.require({ type: requirement });
    await using containers = openContainers({ environment, places: world.places });
    const images = openImages({
      ...containers,
      policy,
      maxEntryBytes: 1000,
      remembered: () => undefined,
      strictFallback: false,
      log: { line: () => {}, warn: () => {} },
    });
    return (await images.admit(world.image)).plugin.root.digest;
  };
  const { digest } = world.published.descriptor;
  assert.equal(await admit(trust('none'), 'insecureAcceptAnything'), digest);
  await assert.rejects(admit(trust('none'), 'reject'), { code: 'POLICY_REFUSED' });
  await assert.rejects(admit(trust('digest'), 'insecureAcceptAnything'), { code: 'POLICY_UNPINNED' });
  await assert.rejects(admit(trust('digest'), 'reject'), { code: 'POLICY_UNPINNED' });
});

test('one run reads each file once', async (t) => {
  const world = await policyWorld(t);
  await world.require({ type: 'insecureAcceptAnything' });
  const plugin = await world.enforce();
  await using containers = openContainers({ environment: fakeEnvironment({ env: {} }), places: world.places });
  await containers.enforce(plugin);
  await world.require({ type: 'reject' });
  await containers.enforce(plugin);
  await assert.rejects(world.enforce(), { code: 'POLICY_REFUSED' });
});
