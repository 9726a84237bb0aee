import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Policy, PolicyClause } from '@gantry/core';
import { type Environment, isGantryError, type OpEvent, systemEnvironment } from '@gantry/oci';
import { type HubWorld, hubWorld } from '@gantry/testkit';
import { install } from './install.fixture.ts';

const BASIC = 'dynamicPlugins:\n  rootDirectory: dynamic-plugins-root\n';

test('without a configuration, or with an empty one, app-config is empty and every plugin stays', async (t) => {
  const world = await hubWorld(t);
  await mkdir(join(world.root, 'theirs'));
  await writeFile(join(world.root, 'theirs', 'dynamic-plugin-config.hash'), 'abc');
  const missing = await install(world);
  assert.equal(missing.failure, undefined);
  assert.ok(missing.lines.includes('No dynamic-plugins.yaml file found. Skipping dynamic plugins installation.'));
  assert.equal(await world.read('app-config.dynamic-plugins.yaml'), '');
  for (const text of ['', '# nothing\n', 'null\n']) {
    await world.configure(text);
    const { lines, failure } = await install(world);
    assert.equal(failure, undefined);
    assert.ok(lines.includes('dynamic-plugins.yaml file is empty. Skipping dynamic plugins installation.'), text);
    assert.equal(await world.read('app-config.dynamic-plugins.yaml'), '');
  }
  assert.deepEqual(await world.names(), ['app-config.dynamic-plugins.yaml', 'theirs']);
});

test('a root that is missing is created', async (t) => {
  const world = await hubWorld(t);
  await rm(world.root, { recursive: true });
  await world.configure('plugins: []\n');
  assert.equal((await install(world)).failure, undefined);
  assert.equal(await world.read('app-config.dynamic-plugins.yaml'), BASIC);
});

test('what is no longer declared is removed, what is not ours stays, and app-config keeps its bytes', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/two', ['one', 'two']);
  await mkdir(join(world.root, 'mine'));
  await writeFile(join(world.root, 'note.txt'), 'mine');
  await world.configure(`plugins:\n  - package: oci://${image}!one\n  - package: oci://${image}!two\n`);
  assert.deepEqual((await install(world)).states, [
    'oci://acme/two:1.0!one installed',
    'oci://acme/two:1.0!two installed',
  ]);
  const written = await stat(join(world.root, 'app-config.dynamic-plugins.yaml'));
  await world.configure(
    `plugins:\n  - package: oci://${image}!one\n  - package: oci://${image}!two\n    disabled: true\n`,
  );
  const { states, lines } = await install(world);
  assert.deepEqual(states, [
    'oci://acme/two:1.0!one unchanged',
    'oci://acme/two:1.0!two disabled',
    'oci://acme/two:1.0!two removed',
  ]);
  assert.ok(lines.includes('\n======= Removing previously installed dynamic plugin two'));
  assert.deepEqual(await world.names(), ['app-config.dynamic-plugins.yaml', 'mine', 'note.txt', 'one']);
  assert.equal((await stat(join(world.root, 'app-config.dynamic-plugins.yaml'))).ino, written.ino);
});

test('one failed plugin: the others are installed, app-config and clean-up stay as they were', async (t) => {
  const world = await hubWorld(t);
  const good = await world.publish('acme/good', ['good']);
  const old = await world.publish('acme/old', ['old']);
  await world.configure(`plugins:\n  - package: oci://${old.image}!old\n    pluginConfig: { before: true }\n`);
  await install(world);
  const before = await world.read('app-config.dynamic-plugins.yaml');
  await world.configure(
    `plugins:\n  - package: oci://${world.registry.address}/acme/absent:1.0!x\n  - package: oci://${good.image}!nothing\n` +
      `  - package: oci://${good.image}!good\n    pluginConfig: { after: true }\n  - package: left-pad@1.0.0\n`,
  );
  const { states, report, failure } = await install(world);
  assert.equal(failure, undefined);
  assert.deepEqual(states, [
    'oci://acme/absent:1.0!x failed',
    'oci://acme/good:1.0!nothing failed',
    'oci://acme/good:1.0!good installed',
    'left-pad@1.0.0 failed',
  ]);
  assert.deepEqual(
    report.plugins.map(({ error }) => error?.code),
    ['REGISTRY_NOT_FOUND', 'CONFIG_PLUGIN_PATH', undefined, 'CONFIG_PLUGIN_INTEGRITY'],
  );
  assert.equal(report.appConfig, null);
  assert.equal(await world.read('app-config.dynamic-plugins.yaml'), before);
  assert.deepEqual(await world.names(), ['app-config.dynamic-plugins.yaml', 'good', 'old']);
});

test('a conflict in pluginConfig is found before anything is downloaded', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/two', ['one', 'two']);
  await world.configure(
    `plugins:\n  - package: oci://${image}!one\n    pluginConfig: { a: { b: { c: 1 } } }\n  - package: oci://${image}!two\n    pluginConfig: { a: { b: { c: 2 } } }\n`,
  );
  const { failure, report } = await install(world);
  assert.ok(isGantryError(failure) && failure.code === 'CONFIG_PLUGIN_CONFLICT', String(failure));
  assert.match(failure.message, /^Config key 'a\.b\.c' defined differently for 2 dynamic plugins/);
  assert.equal(report.requests, 0);
  assert.deepEqual(await world.names(), []);
});

test('a volume that the Python original left is taken over without a request', async (t) => {
  const world = await hubWorld(t);
  const { image, digest } = await world.publish('acme/p', ['acme-p']);
  const explicit = await world.publish('acme/q', ['acme-q']);
  await world.local('six');
  const { address } = world.registry;
  await leave(world, 'acme-p', { package: `oci://${image}!acme-p`, disabled: false, last_modified_level: 0 }, digest);
  await leave(world, 'acme-q', { package: `oci://${explicit.image}!acme-q`, last_modified_level: 1 }, explicit.digest);
  await leave(world, 'four-4.0.0', { package: 'four@4.0.0', integrity: 'sha512-x', last_modified_level: 1 });
  const facts = await stat(join(world.cwd, 'six', 'package.json'));
  const seconds = Math.floor(facts.mtimeMs / 1000);
  await utimes(join(world.cwd, 'six', 'package.json'), seconds, seconds);
  const manifest = JSON.parse(await readFile(join(world.cwd, 'six', 'package.json'), 'utf8')) as object;
  await leave(world, 'acme-six-dynamic-2.0.0', {
    _local_package_info: { _package_json: manifest, _package_json_mtime: `FLOAT${seconds}.0` },
    package: './six',
    last_modified_level: 1,
  });
  // Moved to the main file, switched on in another way, and the image of the first says nothing of its directory.
  await world.configure(
    `plugins:\n  - package: oci://${image}\n    enabled: true\n  - package: oci://${explicit.image}!acme-q\n` +
      `  - package: four@4.0.0\n    integrity: sha512-x\n  - package: ./six\n`,
  );
  for (const note of ['first', 'second']) {
    const { states, report, failure } = await install(world);
    assert.equal(failure, undefined);
    assert.deepEqual(
      states,
      ['oci://acme/p:1.0!acme-p', 'oci://acme/q:1.0!acme-q', 'four@4.0.0', './six'].map((name) => `${name} unchanged`),
      note,
    );
    assert.equal(report.requests, 0, note);
    assert.deepEqual(world.registry.log.requests, []);
  }
  assert.equal(await world.read('acme-p/index.js'), '// theirs\n');
  // The original goes by the hash of the entry as it is now.
  const now = pythonHash({ package: `oci://${address}/acme/p:1.0!acme-p`, enabled: true, last_modified_level: 1 });
  assert.equal(await world.read('acme-p/dynamic-plugin-config.hash'), now);
  assert.equal(await world.read('acme-p/dynamic-plugin-image.hash'), digest.slice('sha256:'.length));
});

test('Always asks for one HEAD, and installs what the tag has moved to under its own directory', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/p', ['first']);
  await world.configure(`plugins:\n  - package: oci://${image}\n    pullPolicy: Always\n`);
  await install(world);
  world.registry.log.clear();
  const same = await install(world);
  assert.deepEqual(same.states, ['oci://acme/p:1.0!first unchanged']);
  assert.ok(same.lines.some((line) => line.includes('already installed') && line.endsWith('(digest_unchanged)')));
  assert.deepEqual(
    world.registry.log.requests.map(({ method }) => method),
    ['HEAD'],
  );
  await world.publish('acme/p', ['second'], { text: 'moved' });
  const moved = await install(world);
  assert.deepEqual(moved.states, ['oci://acme/p:1.0!second installed', 'oci://acme/p:1.0!first removed']);
  assert.equal(await world.read('second/index.js'), '// moved\n');
});

test('a registry that is down does not stop what is on disk, and stops what is not', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/p', ['one', 'two']);
  await world.configure(`plugins:\n  - package: oci://${image}!one\n    pullPolicy: Always\n`);
  await install(world);
  await world.registry.close();
  const op = { limits: { retries: 1 } };
  const { states, lines, failure } = await install(world, { op });
  assert.equal(failure, undefined);
  assert.deepEqual(states, ['oci://acme/p:1.0!one unchanged']);
  assert.ok(
    lines.some((line) => /stays as it is installed, its registry cannot be asked/.test(line)),
    lines.join('\n'),
  );
  await world.configure(
    `plugins:\n  - package: oci://${image}!one\n    pullPolicy: Always\n  - package: oci://${image}!two\n`,
  );
  assert.deepEqual((await install(world, { op })).states, [
    'oci://acme/p:1.0!one unchanged',
    'oci://acme/p:1.0!two failed',
  ]);
});

test('a local directory is installed again when its contents change, not when its times do', async (t) => {
  const world = await hubWorld(t);
  await world.local('six');
  await world.configure('plugins:\n  - package: ./six\n');
  assert.deepEqual((await install(world)).states, ['./six installed']);
  await utimes(join(world.cwd, 'six', 'package.json'), 1_700_000_000, 1_700_000_000);
  assert.deepEqual((await install(world)).states, ['./six unchanged']);
  await writeFile(join(world.cwd, 'six', 'dist', 'index.cjs.js'), '// changed\n');
  assert.deepEqual((await install(world)).states, ['./six installed']);
  assert.equal(await world.read('acme-six-dynamic-2.0.0/dist/index.cjs.js'), '// changed\n');
  await world.configure('plugins:\n  - package: ./six\n    forceDownload: true\n');
  for (const note of ['once', 'every time']) assert.deepEqual((await install(world)).states, ['./six installed'], note);
});

test('noise in an entry changes the hash file and nothing else', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/p', ['one']);
  const entry = `  - package: oci://${image}!one\n`;
  await world.configure(`plugins:\n${entry}`);
  await install(world);
  const before = await stat(join(world.root, 'one', 'index.js'));
  await world.configure(`plugins:\n${entry}    disabled: false\n`);
  const { states, report } = await install(world);
  assert.deepEqual([states, report.requests], [['oci://acme/p:1.0!one unchanged'], 0]);
  assert.equal(
    await world.read('one/dynamic-plugin-config.hash'),
    pythonHash({ package: `oci://${image}!one`, disabled: false, last_modified_level: 1 }),
  );
  assert.equal((await stat(join(world.root, 'one', 'index.js'))).ino, before.ino);
});

test('two packages that turn out to be one directory: the second fails, and says whose it is', async (t) => {
  const world = await hubWorld(t);
  const { url, integrity } = world.npm.publish({ name: 'same', version: '1.0.0' });
  await world.configure(
    `plugins:\n  - package: ${url}\n    integrity: ${integrity}\n  - package: same@latest\n    integrity: ${integrity}\n`,
  );
  const { report } = await install(world);
  assert.deepEqual(report.plugins.map(({ state }) => state).sort(), ['failed', 'installed']);
  const error = report.plugins.find(({ state }) => state === 'failed')?.error;
  assert.equal(error?.code, 'CONFIG_PLUGIN_DUPLICATE');
  assert.match(error.message, /would be installed into the directory same-1\.0\.0, which is that of /);
});

test('a dry run says what would be done and how much it takes, and changes nothing', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/p', ['one', 'two']);
  await world.local('six');
  await world.configure(`plugins:\n  - package: oci://${image}!one\n`);
  await install(world);
  const before = await world.names();
  await world.configure(
    `plugins:\n  - package: oci://${image}!two\n  - package: ./six\n  - package: x@1.0.0\n  - package: ./absent\n`,
  );
  const { states, report, failure, lines } = await install(world, { dryRun: true });
  assert.equal(failure, undefined);
  assert.deepEqual(states, [
    'oci://acme/p:1.0!two installed',
    './six installed',
    'x@1.0.0 failed',
    './absent skipped',
    'oci://acme/p:1.0!one removed',
  ]);
  assert.deepEqual(
    lines.filter((line) => /Would|not found/.test(line)),
    [
      '\n======= Skipping 1 local plugins (directories not found)',
      `\t==> ./absent (not found at ${join(world.cwd, 'absent')})`,
      `\n======= Would install dynamic plugin oci://${image}!two`,
      '\n======= Would install dynamic plugin ./six',
      '\n======= Would remove previously installed dynamic plugin one',
    ],
  );
  const { download = 0, disk = 0 } = report.estimate ?? {};
  assert.ok(download > 100 && disk > download, JSON.stringify(report.estimate));
  assert.deepEqual(await world.names(), before);
  assert.equal(existsSync(join(world.root, 'two')), false);
});

test('a catalog index takes the place of the embedded default, and an unchanged one costs one HEAD', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/p', ['one']);
  const index = await world.publishFiles('catalog/index', {
    'dynamic-plugins.default.yaml': `plugins:\n  - package: oci://${image}!one\n    disabled: true\n`,
    'catalog-entities/extensions/plugins/one.yaml': 'kind: Plugin\n',
  });
  await world.configure(
    `includes: [dynamic-plugins.default.yaml]\nplugins:\n  - package: oci://${image.replace('1.0', '{{inherit}}')}!one\n    disabled: false\n`,
  );
  const env = { CATALOG_INDEX_IMAGE: index.image, CATALOG_ENTITIES_EXTRACT_DIR: join(world.cwd, 'extensions') };
  const first = await install(world, { env });
  assert.equal(first.failure, undefined, String(first.failure));
  assert.deepEqual(first.states, ['oci://acme/p:1.0!one installed']);
  const entity = join(world.cwd, 'extensions', 'catalog-entities', 'plugins', 'one.yaml');
  assert.equal(await readFile(entity, 'utf8'), 'kind: Plugin\n');
  world.registry.log.clear();
  assert.deepEqual((await install(world, { env })).states, ['oci://acme/p:1.0!one unchanged']);
  assert.deepEqual(
    world.registry.log.requests.map(({ method }) => method),
    ['HEAD'],
  );
  await rm(join(world.cwd, 'extensions'), { recursive: true });
  const before = await world.names();
  assert.equal((await install(world, { env, dryRun: true })).failure, undefined);
  assert.deepEqual([existsSync(join(world.cwd, 'extensions')), await world.names()], [false, before]);
  await world.registry.close();
  const down = await install(world, { env, op: { limits: { retries: 1 } } });
  assert.deepEqual([down.failure, down.states], [undefined, ['oci://acme/p:1.0!one unchanged']]);
  const dry = await install(world, { env, dryRun: true, op: { limits: { retries: 1 } } });
  assert.deepEqual([dry.failure, dry.states], [undefined, ['oci://acme/p:1.0!one unchanged']]);
  assert.ok(down.lines.some((line) => line.includes('using the catalog index of')));
});

test('trust entries for npm packages and tarballs: an integrity is what they can ask for', async (t) => {
  const world = await hubWorld(t);
  const { url, integrity } = world.npm.publish({ name: '@acme/four', version: '4.0.0' });
  world.npm.publish({ name: 'five', version: '5.0.0' });
  const clause = (scope: string, require: 'digest' | 'cosign' | 'none'): PolicyClause => ({
    scope,
    require,
    source: `gantry.yaml: ${scope}`,
  });
  const env = { SKIP_INTEGRITY_CHECK: 'true' };
  const attempt = async (yaml: string, ...clauses: readonly PolicyClause[]): Promise<string | undefined> => {
    await world.configure(`plugins:\n${yaml}`);
    const policy: Policy = { fallback: 'digest', lists: [clauses] };
    const { report } = await install(world, { env, policy });
    const [plugin] = report.plugins;
    if (plugin?.error !== undefined && plugin.error.code !== 'CONTENT_INTEGRITY') {
      const dry = await install(world, { env, policy, dryRun: true });
      assert.equal(dry.report.plugins[0]?.error?.code, plugin.error.code, 'a dry run says so too');
    }
    return plugin?.error?.code ?? plugin?.state;
  };
  const scoped = `  - package: '@acme/four@4.0.0'\n`;
  assert.equal(await attempt(scoped), 'installed');
  assert.equal(await attempt(scoped, clause('npm:@acme/', 'digest')), 'POLICY_UNPINNED');
  assert.equal(await attempt(scoped, clause('npm:@acme/', 'cosign')), 'SIGNATURE_MISSING');
  assert.equal(await attempt(scoped, clause('npm:@acme/', 'digest'), clause('npm:@acme/four', 'none')), 'installed');
  assert.equal(await attempt(`${scoped}    integrity: ${integrity}\n`, clause('npm:@acme/', 'digest')), 'installed');
  assert.equal(await attempt(`  - package: one@npm:five@5.0.0\n`, clause('npm:five', 'digest')), 'POLICY_UNPINNED');
  for (const nothing of ['null', 'sha512-AAAA']) {
    const unproven = await attempt(`${scoped}    integrity: ${nothing}\n`, clause('npm:', 'digest'));
    assert.equal(unproven, nothing === 'null' ? 'POLICY_UNPINNED' : 'CONTENT_INTEGRITY', 'whatever is skipped');
  }
  const named = `  - package: x@https://registry.example/x.tgz\n`;
  assert.equal(await attempt(named, clause('https://registry.example/', 'cosign')), 'SIGNATURE_MISSING');
  // A URL of loopback is no https, and so nobody's scope.
  assert.equal(
    await attempt(`  - package: ${url}\n    integrity: ${integrity}\n`, clause('npm:', 'cosign')),
    'SIGNATURE_MISSING',
  );
});

test('pluginEntryBytes holds at n and n-1, and MAX_ENTRY_SIZE overrides it', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/p', ['one'], { text: 'x'.repeat(500) });
  await world.configure(`plugins:\n  - package: oci://${image}!one\n`);
  const size = '// \n'.length + 500;
  const tooLarge = await install(world, { op: { limits: { pluginEntryBytes: size - 1 } } });
  assert.match(tooLarge.report.plugins[0]?.error?.message ?? '', /^Zip bomb detected in one\/index\.js/);
  const small = await install(world, { env: { MAX_ENTRY_SIZE: String(size - 1) } });
  assert.equal(small.report.plugins[0]?.error?.code, 'ARCHIVE_LIMIT');
  assert.deepEqual((await install(world, { op: { limits: { pluginEntryBytes: size } } })).states, [
    'oci://acme/p:1.0!one installed',
  ]);
});

test('a pod waits a moment before its first request; whoever asks nobody, or is no pod, does not', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/p', ['one']);
  await world.configure(`plugins:\n  - package: oci://${image}!one\n`);
  const waits: number[] = [];
  const environment: Partial<Environment> = {
    random: () => 0.5,
    sleep: async (ms, signal) => {
      if (ms === 250) waits.push(world.registry.log.requests.length);
      else await systemEnvironment().sleep(ms, signal);
    },
  };
  const pod = { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, environment };
  assert.deepEqual((await install(world, pod)).states, ['oci://acme/p:1.0!one installed']);
  assert.deepEqual(waits, [0]);
  await install(world, pod);
  assert.deepEqual(waits, [0], 'a warm start');
  await rm(world.root, { recursive: true });
  await install(world, { environment });
  assert.deepEqual(waits, [0], 'no pod');
  await rm(world.root, { recursive: true });
  await install(world, { ...pod, op: { limits: { startJitter: 502 } } });
  assert.deepEqual(waits, [0], 'another limit, another wait');
});

test('a run that loses its lock to another installer starts again', async (t) => {
  const world = await hubWorld(t);
  const { image } = await world.publish('acme/p', ['one']);
  await world.configure(`plugins:\n  - package: oci://${image}!one\n`);
  let stolen = 0;
  const onEvent = (event: OpEvent): void => {
    if (event.type !== 'request' || !event.url.includes('/blobs/') || stolen > 0) return;
    stolen += 1;
    // What somebody who found it silent does.
    for (const name of readdirSync(world.root)) {
      if (/^\.gantry-.*\.owner$|\.lock$/.test(name)) rmSync(join(world.root, name));
    }
  };
  const { states, lines, failure } = await install(world, { op: { onEvent } });
  assert.equal(failure, undefined, String(failure));
  assert.equal(stolen, 1);
  assert.deepEqual(states, ['oci://acme/p:1.0!one installed']);
  assert.ok(
    lines.some((line) => /taken over.*starting again$/.test(line)),
    lines.join('\n'),
  );
});

/** Leaves a plugin as the Python original does. */
async function leave(world: HubWorld, name: string, record: object, digest?: string): Promise<void> {
  const directory = join(world.root, name);
  await mkdir(directory);
  await writeFile(join(directory, 'index.js'), '// theirs\n');
  if (digest !== undefined)
    await writeFile(join(directory, 'dynamic-plugin-image.hash'), digest.slice('sha256:'.length));
  await writeFile(join(directory, 'dynamic-plugin-config.hash'), pythonHash(record));
}

/** `json.dumps(record, sort_keys=True)` of ASCII data, hashed; a float is written `"FLOAT1.0"`. */
function pythonHash(record: object): string {
  const dumps = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value).replace(/^"FLOAT(.*)"$/, '$1');
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, one]) => `"${key}": ${dumps(one)}`).join(', ')}}`;
  };
  return createHash('sha256').update(dumps(record)).digest('hex');
}
