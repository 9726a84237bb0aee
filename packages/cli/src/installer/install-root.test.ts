import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hub } from './hub.fixture.ts';

test('images, npm packages, tarballs and local directories are installed together, and a warm start asks nobody', async (t) => {
  const world = await hub(t);
  const one = await world.publish('acme/one', ['acme-one']);
  const many = await world.publish('acme/many', ['acme-two', 'acme-three']);
  const npm = world.npm.publish({ name: '@acme/four-dynamic', version: '4.0.0' });
  const tgz = world.npm.publish({ name: 'five', version: '5.0.0' });
  await world.local('six');
  await world.configure(`
includes: [included.yaml]
plugins:
  - package: oci://${many.image}!acme-two
    pluginConfig: { two: { shown: true } }
  - package: oci://${many.image}!acme-three
  - package: '@acme/four-dynamic@4.0.0'
    integrity: ${npm.integrity}
  - package: ${tgz.url}
    integrity: ${tgz.integrity}
  - package: ./six
  - package: ./absent
    pluginConfig: { absent: { kept: true } }
  - package: oci://${world.registry.address}/acme/never:1!x
    disabled: true
`);
  await world.configure(
    `plugins:\n  - package: oci://${one.image}\n    pluginConfig: { one: { title: first } }\n`,
    'included.yaml',
  );

  const report = await world.json();
  assert.deepEqual(
    report.plugins.map(({ state, signer }) => [state, signer]),
    [
      ['installed', 'unsigned'],
      ['installed', 'unsigned'],
      ['installed', 'unsigned'],
      ['installed', 'unsigned'],
      ['installed', 'unsigned'],
      ['installed', 'unsigned'],
      ['skipped', null],
      ['disabled', null],
    ],
  );
  assert.equal(report.exitCode, 0);
  assert.equal(report.plugins[0]?.digest, one.digest);
  assert.equal(report.plugins[3]?.integrity, npm.integrity);
  assert.ok(report.requests > 4 && report.bytes > 1000, JSON.stringify(report));
  assert.deepEqual(await world.names(), [
    'acme-four-dynamic-4.0.0',
    'acme-one',
    'acme-six-dynamic-2.0.0',
    'acme-three',
    'acme-two',
    'app-config.dynamic-plugins.yaml',
    'five-5.0.0',
  ]);
  assert.equal(await world.read('acme-two/index.js'), '// acme/many\n');
  assert.equal(await world.read('acme-one/dynamic-plugin-image.hash'), one.digest.slice('sha256:'.length));
  assert.equal(
    await world.read('app-config.dynamic-plugins.yaml'),
    'absent:\n  kept: true\ndynamicPlugins:\n  rootDirectory: dynamic-plugins-root\none:\n  title: first\ntwo:\n  shown: true\n',
  );

  world.registry.log.clear();
  const asked = world.npm.requests.length;
  const warm = await world.json();
  assert.deepEqual(
    warm.plugins.map(({ state }) => state),
    [...Array(6).fill('unchanged'), 'skipped', 'disabled'],
  );
  assert.equal(warm.requests, 0);
  assert.equal(world.registry.log.requests.length, 0);
  assert.equal(world.npm.requests.length, asked);
  assert.deepEqual(warm.plugins[0]?.digest, one.digest);
});
