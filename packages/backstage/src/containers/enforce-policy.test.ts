import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyWorld } from './policy.fixture.ts';

const ANY = { type: 'insecureAcceptAnything' };
const REJECT = { type: 'reject' };

test('without a policy.json anything is accepted; insecureAcceptAnything asks for nothing', async (t) => {
  const world = await policyWorld(t);
  await world.enforce();
  await world.require(ANY);
  const plugin = await world.enforce();
  assert.equal(plugin.root.digest, world.published.descriptor.digest);
  assert.equal(world.registry.log.count(), 2);
});

test('reject refuses and names the file and the scope; all requirements of a list have to hold', async (t) => {
  const world = await policyWorld(t);
  for (const list of [[REJECT], [ANY, REJECT], [REJECT, ANY]]) {
    const file = await world.require(...list);
    await assert.rejects(world.enforce(), (error: { code?: string; message: string; details?: unknown }) => {
      assert.equal(error.code, 'POLICY_REFUSED');
      const shown = `${world.image}@${world.published.descriptor.digest}`;
      assert.equal(error.message, `${shown}: ${file} (default) rejects it`);
      assert.deepEqual(error.details, { reference: shown, policySource: `${file} (default)` });
      return true;
    });
  }
});

test('the scope is that of the name as it is written, not of the mirror that had the image', async (t) => {
  const world = await policyWorld(t);
  const mirror = world.registry.address;
  await world.write(
    'etc/registries.conf',
    `[[registry]]\nprefix = "vendor.example/plugins"\nlocation = "nowhere.invalid/plugins"\n[[registry.mirror]]\nlocation = "${mirror}/team"\n`,
  );
  const policy = (scope: string): string =>
    JSON.stringify({ default: [ANY], transports: { docker: { [scope]: [REJECT] } } });
  await world.write('etc/policy.json', policy(mirror));
  await world.enforce('vendor.example/plugins/app:1');
  await world.write('etc/policy.json', policy('vendor.example/plugins'));
  await assert.rejects(world.enforce('vendor.example/plugins/app:1'), {
    code: 'POLICY_REFUSED',
    message: /\(docker, vendor\.example\/plugins\) rejects it$/,
  });
});

test('what containers/image itself does not enforce is refused, never passed', async (t) => {
  const world = await policyWorld(t);
  const cases: readonly (readonly [requirement: object, why: RegExp])[] = [
    [{ type: 'signedBy', keyType: 'signedByGPGKeys', keyPath: '/k' }, /keyType signedByGPGKeys/],
    [{ type: 'sigstoreSigned', pki: {} }, /sigstoreSigned with pki/],
    [{ type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } }, /signedBaseLayer/],
  ];
  for (const [requirement, message] of cases) {
    await world.require(ANY, requirement);
    await assert.rejects(world.enforce(), { code: 'POLICY_UNENFORCED', message });
  }
});

test('what is in no registry has no scope', async (t) => {
  const { openContainers } = await import('./open-containers.ts');
  const { fakeEnvironment } = await import('@gantry/testkit');
  const world = await policyWorld(t);
  await world.require(REJECT);
  const plugin = await policyWorld(t).then((other) => other.enforce());
  await using containers = openContainers({ environment: fakeEnvironment({ env: {} }), places: world.places });
  await containers.enforce({ ...plugin, source: 'oci-layout:/srv/app:1' });
  await assert.rejects(containers.enforce(plugin), { code: 'POLICY_REFUSED' });
});

test('a policy that cannot be read is an error of its own, about every image', async (t) => {
  const world = await policyWorld(t);
  const file = await world.write('etc/policy.json', '{}');
  await assert.rejects(world.enforce(), { code: 'CONFIG_CONTAINERS', message: new RegExp(`^${file}: `) });
});
