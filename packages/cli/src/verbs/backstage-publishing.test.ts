import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type NpmRegistry, startNpmRegistry, startRegistry, type TestRegistry, tempDir } from '@gantry/testkit';
import type { RecordIoOptions } from '../io.fixture.ts';
import { gantry, gantryJson } from '../run-main.fixture.ts';

interface Place {
  readonly cwd: string;
  readonly registry: TestRegistry;
  readonly npm: NpmRegistry;
  readonly options: RecordIoOptions;
  write(path: string, text: string): Promise<void>;
}

async function place(t: TestContext): Promise<Place> {
  const [cwd, registry, npm] = await Promise.all([tempDir(t), startRegistry(t), startNpmRegistry(t)]);
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), text);
  };
  await write('.npmrc', `registry=${npm.url}\n`);
  const manifest = { name: '@acme/plugin-x-dynamic', version: '1.0.0', main: 'dist/index.cjs.js', files: ['dist'] };
  await write('x/dist-dynamic/package.json', JSON.stringify({ ...manifest, backstage: { role: 'backend-plugin' } }));
  await write('x/dist-dynamic/dist/index.cjs.js', 'exports.x = 1;\n');
  await write('x/app-config.yaml', 'x:\n  greeting: hello\n');
  const env = { HOME: cwd, GANTRY_HOME: join(cwd, 'home'), TMPDIR: cwd, PATH: '', PREFIX: cwd, COSIGN_PASSWORD: '' };
  return { cwd, registry, npm, write, options: { cwd, env } };
}

test('package publishes a plugin, prints its reference and an example, and signs it before the tag is there', async (t) => {
  const { cwd, registry, options } = await place(t);
  const ref = `${registry.address}/acme/x:1.0`;
  const { code, out, err } = await gantry(['backstage', 'package', 'x', '--tag', ref], options);
  assert.equal(code, 0, err);
  assert.match(out, new RegExp(`^${ref}@sha256:[0-9a-f]{64}\n$`));
  const digest = out.trim().slice(ref.length + 1);
  assert.ok(
    err.includes(`plugins:
  # by digest: oci://${registry.address}/acme/x@${digest}!acme-plugin-x
  - package: oci://${ref}!acme-plugin-x
    disabled: false
    pluginConfig:
      x:
        greeting: hello
`),
    err,
  );
  assert.equal((await gantry(['key', 'generate'], options)).code, 0);
  const signed = ['backstage', 'package', 'x', '--tag', ref, '--sign-key', 'gantry.key', '--label', 'a=b'];
  const document = await gantryJson(signed, options);
  assert.deepEqual(document['plugins'], [
    {
      name: '@acme/plugin-x-dynamic',
      version: '1.0.0',
      directory: 'acme-plugin-x',
      package: `oci://${ref}!acme-plugin-x`,
    },
  ]);
  assert.deepEqual([document['kind'], document['platforms']], ['node', ['linux/amd64']]);
  assert.notEqual(document['digest'], digest, 'a label makes another image');
  assert.equal(
    (await gantry(['verify', ref, '--key', 'gantry.pub', '--log', 'none', '--timestamp', 'none'], options)).code,
    0,
  );

  const layout = await gantryJson(['backstage', 'package', 'x', '--tag', `oci-layout:${cwd}/layout:1.0`], options);
  assert.equal(layout['digest'], digest, 'the same bytes in a layout');
  assert.deepEqual([layout['example'], (layout['plugins'] as { package: unknown }[])[0]?.package], [undefined, null]);
});

test('package --catalog-index publishes what CATALOG_INDEX_IMAGE names', async (t) => {
  const { registry, options, write } = await place(t);
  await write('index/dynamic-plugins.default.yaml', 'plugins: []\n');
  const ref = `${registry.address}/acme/index:1.0`;
  const document = await gantryJson(['backstage', 'package', '--catalog-index', 'index', '--tag', ref], options);
  assert.deepEqual([document['kind'], document['plugins']], ['files', undefined]);
});

test('mistakes of package, pin, integrity and mirror are told', async (t) => {
  const { registry, options, write } = await place(t);
  const tag = `${registry.address}/acme/x:1.0`;
  await write('registries.conf', '# mine\n');
  const cases: readonly (readonly [args: readonly string[], code: string])[] = [
    [['package', '--tag', tag], 'CONFIG_USAGE'],
    [['package', 'x', '--catalog-index', 'x', '--tag', tag], 'CONFIG_USAGE'],
    [['package', 'x'], 'CONFIG_USAGE'],
    [['package', 'x', '--tag', `${tag}@sha256:${'0'.repeat(64)}`], 'CONFIG_USAGE'],
    [['package', 'absent', '--tag', tag], 'CONFIG_PATH_UNREADABLE'],
    [['package', '--catalog-index', 'x', '--tag', tag], 'CONFIG_INVALID'],
    [['pin', 'absent.yaml'], 'CONFIG_DYNAMIC_PLUGINS'],
    [['integrity', './x'], 'CONFIG_PACKAGE'],
    [['mirror'], 'CONFIG_USAGE'],
    [['mirror', registry.address, '--to-dir', 'm'], 'CONFIG_USAGE'],
    [['mirror', '--from-dir', 'm'], 'CONFIG_USAGE'],
    [['mirror', 'nohost', '--from-dir', 'm'], 'REFERENCE_INVALID'],
    [['mirror', registry.address, '--from-dir', 'm'], 'CONFIG_USAGE'],
    [['mirror', registry.address, '--from-dir', 'm', '--registries-conf', 'other.conf'], 'CONFIG_MIRROR'],
  ];
  for (const [args, code] of cases) {
    const { error } = await gantryJson<{ error?: { code: string } }>(['backstage', ...args], options);
    assert.equal(error?.code, code, args.join(' '));
  }
});

test('pin prints a diff, and writes the file when it is told to', async (t) => {
  const { cwd, registry, npm, options, write } = await place(t);
  const ref = `${registry.address}/acme/x`;
  const { digest } = await gantryJson(['backstage', 'package', 'x', '--tag', `${ref}:1.0`], options);
  const { integrity } = npm.publish({ name: 'five', version: '5.0.0' });
  const text = `plugins:\n  # mine\n  - package: oci://${ref}:1.0!acme-plugin-x # here\n  - package: five\n`;
  await write('dynamic-plugins.yaml', text);
  const shown = await gantry(['backstage', 'pin'], options);
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /^--- a\/dynamic-plugins\.yaml\n\+\+\+ b\/dynamic-plugins\.yaml\n@@ -1,4 \+1,5 @@\n/);
  assert.equal(await readFile(join(cwd, 'dynamic-plugins.yaml'), 'utf8'), text);
  const document = await gantryJson<{ written: boolean; plugins: readonly object[] }>(
    ['backstage', 'pin', '--write'],
    options,
  );
  assert.equal(document.written, true);
  assert.deepEqual(document.plugins, [
    {
      ...{ package: `oci://${ref}:1.0!acme-plugin-x`, line: 3, state: 'pinned' },
      ...{ pinned: `oci://${ref}@${digest}!acme-plugin-x`, digest },
    },
    { package: 'five', line: 4, state: 'pinned', pinned: 'five@5.0.0', integrity },
  ]);
  assert.equal(
    await readFile(join(cwd, 'dynamic-plugins.yaml'), 'utf8'),
    `plugins:\n  # mine\n  - package: oci://${ref}@${digest}!acme-plugin-x # here\n  - package: five@5.0.0\n    integrity: ${integrity}\n`,
  );
  const again = await gantry(['backstage', 'pin', '--write'], options);
  assert.deepEqual([again.code, again.out], [0, '']);
  assert.match(again.err, /nothing to pin/);

  await write('more.yaml', `plugins:\n  - package: oci://${ref}:absent\n  - package: oci://${ref}:1.0\n`);
  const failed = await gantry(['backstage', 'pin', 'more.yaml', '--write'], options);
  assert.equal(failed.code, 3, failed.err);
  assert.match(await readFile(join(cwd, 'more.yaml'), 'utf8'), new RegExp(`absent\n.*@${digest}\n$`));
});

test('integrity prints what an entry of a package needs', async (t) => {
  const { npm, options } = await place(t);
  const { integrity, url, tarball } = npm.publish({ name: '@acme/five', version: '5.0.0' });
  assert.equal((await gantry(['backstage', 'integrity', url], options)).out, `${integrity}\n`);
  assert.deepEqual(await gantryJson(['backstage', 'integrity', '@acme/five@^5'], options), {
    schemaVersion: 1,
    package: '@acme/five@5.0.0',
    integrity,
    size: tarball.length,
  });
});

test('mirror carries everything into a directory and out of it, and installers find it by the registries.conf it writes', async (t) => {
  const { cwd, registry, npm, options, write } = await place(t);
  const ref = `${registry.address}/acme/x:1.0`;
  assert.equal((await gantry(['key', 'generate'], options)).code, 0);
  const signed = ['backstage', 'package', 'x', '--tag', ref, '--sign-key', 'gantry.key'];
  const { digest } = await gantryJson(signed, options);
  const rule = 'require: cosign\n    keys: { file: gantry.pub }';
  await write('gantry.yaml', `schemaVersion: 1\ntrust:\n  - scope: ${registry.address}/acme\n    ${rule}\n`);
  const five = npm.publish({ name: 'five', version: '5.0.0' });
  await write(
    'dynamic-plugins.yaml',
    `plugins:\n  - package: oci://${ref}\n  - package: five@5.0.0\n    integrity: ${five.integrity}\n` +
      `  - package: ${five.url}\n    integrity: ${five.integrity}\n    disabled: true\n`,
  );
  const filled = await gantryJson(['backstage', 'mirror', '--to-dir', 'mirror'], options);
  assert.deepEqual([filled['images'], filled['failed']], [[{ image: ref, digest }], []]);
  const target = await startRegistry(t);
  const pushed = await gantry(['backstage', 'mirror', '--from-dir', 'mirror', `${target.address}/hub`], options);
  assert.equal(pushed.code, 0, pushed.err);
  const segment = registry.address.replace(':', '-');
  assert.equal(pushed.out, `${target.address}/hub/${segment}/acme/x:1.0@${digest}\n`);
  assert.match(pushed.err, /npm publish \.\/mirror\/packages\/five-5\.0\.0-[0-9a-f]{12}\.tgz/);
  const again = await gantry(['backstage', 'mirror', '--from-dir', 'mirror', `${target.address}/hub`], options);
  assert.equal(again.code, 0, 'its own registries.conf is replaced');
  await registry.close();
  const env = {
    ...options.env,
    CONTAINERS_REGISTRIES_CONF: join(cwd, 'registries.conf'),
    REGISTRY_AUTH_FILE: join(cwd, 'none'),
  };
  const installed = await gantry(['backstage', 'install', 'root', '--report', 'report.json'], { cwd, env });
  assert.equal(installed.code, 0, installed.err);
  const report = JSON.parse(await readFile(join(cwd, 'report.json'), 'utf8'));
  assert.match(
    report.plugins[0].signer,
    /sha256:/,
    'trust holds for the name that is written, with the signature of the mirror',
  );
  assert.ok(existsSync(join(cwd, 'root', 'acme-plugin-x', 'dist', 'index.cjs.js')));
});
