import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubWorld } from '@gantry/testkit';
import { gantry, gantryJson } from '../run-main.fixture.ts';

test('backstage install, list and why: what is there, and where each value comes from', async (t) => {
  const world = await hubWorld(t);
  const options = { cwd: world.cwd, env: world.env };
  const { image, digest } = await world.publish('acme/p', ['acme-p']);
  await world.local('six');
  await world.configure(
    `includes: [more.yaml]\nplugins:\n  - package: oci://${image.replace(/:1\.0$/, ':{{inherit}}')}\n` +
      `    pluginConfig:\n      app:\n        title: mine\n  - package: ./six\n`,
  );
  await world.configure(`plugins:\n  - package: oci://${image}!acme-p\n    disabled: true\n`, 'more.yaml');
  const root = 'dynamic-plugins-root';
  const refused = await gantry(['backstage', 'install', root], options);
  assert.equal(refused.code, 0, refused.err);
  const list = await gantryJson<{ plugins: { name: string; digest: string | null; package: string }[] }>(
    ['backstage', 'list', root],
    options,
  );
  assert.deepEqual(
    list.plugins.map(({ name, package: text, digest: one }) => [name, text, one]),
    [['acme-six-dynamic-2.0.0', './six', null]],
  );
  await world.configure(
    `includes: [more.yaml]\nplugins:\n  - package: oci://${image.replace(/:1\.0$/, ':{{inherit}}')}!acme-p\n    disabled: false\n` +
      `    pluginConfig:\n      app:\n        title: mine\n`,
  );
  const installed = await gantryJson<{ exitCode: number }>(['backstage', 'install', root], options);
  assert.equal(installed.exitCode, 0);
  const nowhere = await gantry(['backstage', 'list', `${root}-absent`], options);
  assert.match(nowhere.err, /no plugin is installed in .*-absent: there is no such directory/);
  const table = await gantry(['backstage', 'list', root], options);
  assert.match(table.out, /^NAME {4}CONTENT +SIGNER +PACKAGE\nacme-p {2}sha256:[0-9a-f]{12} +unsigned +oci:\/\//);
  assert.ok(table.out.includes(digest.slice(0, 19)));

  const why = await gantry(['backstage', 'why', root, 'acme-p'], options);
  assert.equal(why.code, 0, why.err);
  assert.match(why.out, /^oci:\/\/.*acme\/p:1\.0!acme-p \(enabled\)\n/);
  assert.match(why.out, /disabled +false +dynamic-plugins\.yaml:4\n/);
  assert.match(why.out, /pluginConfig\.app\.title +"mine" +dynamic-plugins\.yaml:7\n/);
  assert.match(why.out, /from more\.yaml:2: oci:.*overridden: disabled\n/);
  assert.match(why.out, /installed as acme-p at 20/);
  const setting = await gantryJson<{ plugins: { key: string; config: { name: string; line: number }[] }[] }>(
    ['backstage', 'why', root, 'app'],
    options,
  );
  assert.deepEqual(
    setting.plugins.map(({ config }) => config.map(({ name, line }) => [name, line])),
    [[['app.title', 7]]],
  );
  const unknown = await gantry(['backstage', 'why', root, 'nobody'], options);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /CONFIG_PLUGIN_UNKNOWN/);
});

test('backstage install ends with 1 for any failure, as the original does', async (t) => {
  const world = await hubWorld(t);
  const options = { cwd: world.cwd, env: world.env };
  await world.configure(`plugins:\n  - package: oci://${world.registry.address}/acme/absent:1!x\n`);
  const { code, err } = await gantry(['backstage', 'install', 'dynamic-plugins-root'], options);
  assert.equal(code, 1);
  assert.match(err, /1 plugin\(s\) failed/);
  const quiet = await gantry(['backstage', 'install', 'dynamic-plugins-root', '--quiet'], options);
  assert.deepEqual([quiet.code, quiet.out], [1, '']);
  const verbose = await gantry(['backstage', 'install', 'dynamic-plugins-root', '--verbose'], options);
  assert.match(verbose.err, /GET http:\/\/.*\/v2\/acme\/absent\/manifests\/1 404/);
});

test('progress is drawn where somebody watches, and nowhere else', async (t) => {
  const world = await hubWorld(t);
  const options = { cwd: world.cwd, env: world.env };
  const { image } = await world.publish('acme/p', ['one']);
  await world.configure(`plugins:\n  - package: oci://${image}!one\n`);
  const watched = await gantry(['backstage', 'install', 'first'], { ...options, interactive: true });
  assert.equal(watched.code, 0);
  assert.match(watched.err, /\r\u001b\[Kfetching \d+ of \d+, /);
  assert.doesNotMatch(watched.out, /\u001b/);
  assert.equal((await gantry(['backstage', 'install', 'second'], options)).err, '');
});
