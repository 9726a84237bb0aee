import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InstallReport } from '@gantry/backstage';
import { type Hub, hub } from './hub.fixture.ts';

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

  const report = await reportOf(world);
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
  const warm = await reportOf(world);
  assert.deepEqual(
    warm.plugins.map(({ state }) => state),
    [...Array(6).fill('unchanged'), 'skipped', 'disabled'],
  );
  assert.equal(warm.requests, 0);
  assert.equal(world.registry.log.requests.length, 0);
  assert.equal(world.npm.requests.length, asked);
  assert.deepEqual(warm.plugins[0]?.digest, one.digest);
});

test('the report goes to a file as well, and the last line sums up', async (t) => {
  const world = await hub(t);
  const { image } = await world.publish('acme/p', ['one']);
  await world.configure(`plugins:\n  - package: oci://${image}!one\n  - package: ./x\n    disabled: true\n`);
  const { code, out, err } = await world.run([world.root, '--report', 'report.json']);
  assert.deepEqual([code, err], [0, '']);
  const lines = out.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^======= Created lock file: .*install-dynamic-plugins\.lock$/);
  assert.ok(lines.includes(`======= Skipping disabled dynamic plugin ./x`));
  assert.ok(lines.includes(`\t==> Successfully installed dynamic plugin oci://${image}!one`));
  assert.match(lines.at(-1) ?? '', /^======= 2 plugins \(1 installed, 1 disabled\), .* in \d+ requests, .*s$/);
  const document = JSON.parse(await readFile(join(world.cwd, 'report.json'), 'utf8')) as InstallReport;
  assert.deepEqual(
    document.plugins.map(({ state, key }) => [state, key]),
    [
      ['installed', `oci://${world.registry.address}/acme/p:!one`],
      ['disabled', './x'],
    ],
  );
  assert.equal(document.appConfig, join(world.root, 'app-config.dynamic-plugins.yaml'));
});

test('a failure ends with 1, is named on stderr and in the termination log', async (t) => {
  const world = await hub(t);
  await world.configure(`plugins:\n  - package: oci://${world.registry.address}/acme/absent:1!one\n`);
  const { code, err } = await world.run();
  assert.equal(code, 1);
  assert.match(err, /^\n======= 1 plugin\(s\) failed:\n {2}- oci:\/\/.*acme\/absent:1!one: /);
  assert.match(err, /the previous successful state is preserved\.\n$/);
  const left = await readFile(join(world.cwd, 'termination-log'), 'utf8');
  assert.match(left, /^======= 1 plugin\(s\) failed:\n {2}- oci:/);

  await world.configure('plugins: 7\n');
  const broken = await world.run();
  assert.equal(broken.code, 1);
  assert.match(
    broken.err,
    /^\ninstall-dynamic-plugins failed: content of the 'plugins' field must be a list in dynamic-plugins\.yaml/,
  );
  assert.match(await readFile(join(world.cwd, 'termination-log'), 'utf8'), /^install-dynamic-plugins failed: content/);
});

test('A11: userinfo and query of a URL are in no line, report, message or file of the root', async (t) => {
  const world = await hub(t);
  const good = world.npm.publish({ name: 'five', version: '5.0.0' });
  const url = new URL(good.url);
  const secret = `http://canary-user:canary-p@ss@${url.host}${url.pathname}?token=canary-query`;
  await world.configure(
    `plugins:\n  - package: '${secret}'\n    integrity: ${good.integrity}\n  - package: 'x@${secret}'\n    integrity: sha512-AAAA\n`,
  );
  const { out, err, code } = await world.run([world.root, '--report', 'report.json', '--verbose']);
  assert.equal(code, 1);
  const texts = await Promise.all(
    ['report.json', 'termination-log', 'dynamic-plugins-root/five-5.0.0/.gantry.json'].map((name) =>
      readFile(join(world.cwd, name), 'utf8'),
    ),
  );
  for (const text of [out, err, ...texts]) {
    assert.ok(text.includes('.tgz'), text);
    assert.doesNotMatch(text, /canary/);
  }
});

test('both forms of the command, help, version and mistakes', async (t) => {
  const world = await hub(t);
  await world.configure('plugins: []\n');
  for (const args of [[world.root], ['install', world.root]])
    assert.equal((await world.run(args)).code, 0, args.join());
  for (const args of [[], ['install'], [''], ['install', '']]) {
    assert.deepEqual(await world.run(args), {
      code: 1,
      out: '',
      err: 'Usage: install-dynamic-plugins <dynamic-plugins-root>\n',
    });
  }
  for (const args of [['--help'], ['-h'], ['install', '--help'], ['help']]) {
    const { code, out } = await world.run(args);
    assert.equal(code, 0);
    assert.match(out, /^Usage: install-dynamic-plugins .*<dynamic-plugins-root>\n/);
  }
  for (const flag of ['--version', '-V']) assert.match((await world.run([flag])).out, /^\d+\.\d+\.\d+\n$/);
  assert.equal((await world.run([world.root, 'more'])).code, 1);
  assert.equal((await world.run([world.root, '--nonsense'])).code, 1);
});

test('SIGTERM and SIGINT stop everything: exit codes 143 and 130, no lock, nothing half made', async (t) => {
  for (const [signal, expected] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    let asked = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const decide = (): { readonly stall: 'head' } => {
      asked();
      return { stall: 'head' };
    };
    const world = await hub(t, [{ method: 'GET', path: '/blobs/', decide }]);
    const { image } = await world.publish('acme/p', ['one']);
    await world.configure(`plugins:\n  - package: oci://${image}!one\n`);
    const { code, err } = await world.run([world.root], (child) => {
      waiting.then(() => child.kill(signal));
    });
    assert.equal(code, expected, err);
    assert.match(err, new RegExp(`interrupted by ${signal}`));
    assert.deepEqual(await world.names(), [], signal);
  }
});

/** The document of `--json`. */
async function reportOf(world: Hub): Promise<InstallReport & { readonly exitCode: number }> {
  return JSON.parse((await world.run([world.root, '--json'])).out) as InstallReport & { readonly exitCode: number };
}
