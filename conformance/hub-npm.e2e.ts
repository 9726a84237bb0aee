/** Packages from verdaccio: users, scopes, the files that npm reads, and what goes wrong. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { type DeveloperHub, developerHub, type HubPlugin } from './developer-hub.ts';
import { packageDirectory, packageName } from './dynamic-plugin.ts';
import { startVerdaccio, type Verdaccio } from './verdaccio.ts';

const OTHER = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;

test('verdaccio', async (t) => {
  const npm = await startVerdaccio(t);
  const plugin = { name: 'greeter' };
  const first = await npm.publish(plugin);
  const second = await npm.publish({ ...plugin, version: '1.1.0' });
  const next = await npm.publish({ ...plugin, version: '2.0.0-rc.1' }, { tag: 'next' });
  const open = await npm.publish({ name: 'open' }, { manifest: { name: 'open-greeter' } });
  const name = packageName(plugin);
  const scoped = `@acme:registry=${npm.url}\n`;

  for (const [what, notation, integrity, directory] of [
    ['an exact version', `${name}@1.0.0`, first, packageDirectory(plugin)],
    ['the tag latest when none is named', name, second, packageDirectory({ ...plugin, version: '1.1.0' })],
    ['a tag', `${name}@next`, next, packageDirectory({ ...plugin, version: '2.0.0-rc.1' })],
    ['a range', `${name}@^1.0.0`, second, packageDirectory({ ...plugin, version: '1.1.0' })],
    ['an alias', `greets@npm:${name}@1.0.0`, first, packageDirectory(plugin)],
  ] as const) {
    await t.test(`${what}: the package that npm would take, once`, async (t) => {
      const hub = await developerHub(t);
      await hub.write(`${scoped}${npm.place}:_authToken=${npm.token}\n`, '.npmrc.dynamic-plugins/.npmrc');
      hub.env['NPM_CONFIG_USERCONFIG'] = `${hub.directory}/.npmrc.dynamic-plugins/.npmrc`;
      const plugin = await only(hub, notation, integrity);
      assert.equal(plugin.integrity, integrity);
      assert.deepEqual(await hub.names(), [directory, 'app-config.dynamic-plugins.yaml']);
      const asked = await npm.requests();
      assert.equal((await only(hub, notation, integrity)).state, 'unchanged');
      assert.equal(await npm.requests(), asked);
    });
  }

  await t.test(
    'another version gets another directory, and the old one goes; what is forced is installed, and stays',
    async (t) => {
      const hub = await developerHub(t);
      await hub.write(`${scoped}${npm.place}:_authToken=${npm.token}\n`, '.npmrc');
      await only(hub, `${name}@1.0.0`, first);
      await hub.write(entry(`${name}@1.1.0`, second));
      const upgraded = await hub.report();
      assert.deepEqual(
        upgraded.plugins.map(({ state }) => state),
        ['installed', 'removed'],
      );
      const directory = packageDirectory({ ...plugin, version: '1.1.0' });
      assert.deepEqual(await hub.names(), [directory, 'app-config.dynamic-plugins.yaml']);
      await hub.write(`${entry(`${name}@1.1.0`, second)}    forceDownload: true\n`);
      for (const _ of [1, 2]) {
        assert.deepEqual(
          (await hub.report()).plugins.map(({ state }) => state),
          ['installed'],
        );
        assert.deepEqual(await hub.names(), [directory, 'app-config.dynamic-plugins.yaml']);
      }
    },
  );

  const basic = Buffer.from('ann:password-of-ann').toString('base64');
  const places: Readonly<Record<string, (hub: DeveloperHub) => Promise<unknown>>> = {
    '.npmrc in the root': (hub) =>
      hub.write(`${scoped}${npm.place}:_authToken=${npm.token}\n`, 'dynamic-plugins-root/.npmrc'),
    '~/.npmrc': (hub) => hub.write(`${scoped}${npm.place}:_authToken=${npm.token}\n`, '.npmrc'),
    'a token from a variable': (hub) => {
      hub.env['TOKEN_OF_ANN'] = npm.token;
      return hub.write(`${scoped}${npm.place}:_authToken=\${TOKEN_OF_ANN}\n`, '.npmrc');
    },
    _auth: (hub) => hub.write(`${scoped}${npm.place}:_auth=${basic}\n`, '.npmrc'),
    'username and _password': (hub) => {
      const password = Buffer.from('password-of-ann').toString('base64');
      return hub.write(`${scoped}${npm.place}:username=ann\n${npm.place}:_password=${password}\n`, '.npmrc');
    },
    npm_config_registry: (hub) => {
      hub.env['npm_config_registry'] = npm.url;
      return hub.write(`${npm.place}:_authToken=${npm.token}\n`, '.npmrc');
    },
    'the root before the user': async (hub) => {
      await hub.write('@acme:registry=http://127.0.0.1:9/\n', '.npmrc');
      return hub.write(`${scoped}${npm.place}:_authToken=${npm.token}\n`, 'dynamic-plugins-root/.npmrc');
    },
  };
  for (const [what, configure] of Object.entries(places)) {
    await t.test(`credentials and registry of a scope: ${what}`, async (t) => {
      const hub = await developerHub(t);
      await configure(hub);
      assert.equal((await only(hub, `${name}@1.0.0`, first)).state, 'installed');
    });
  }

  await t.test('a package without a scope comes from the registry of all, without credentials', async (t) => {
    const hub = await developerHub(t);
    await hub.write(`registry=${npm.url}\n`, '.npmrc');
    await only(hub, 'open-greeter@1.0.0', open);
    assert.deepEqual(await hub.names(), ['app-config.dynamic-plugins.yaml', 'open-greeter-1.0.0']);
  });

  const failures: Readonly<Record<string, Failure>> = {
    'a wrong token': { token: 'wrong', code: 'REGISTRY_UNAUTHORIZED', says: /@acme\/plugin-greeter-backend-dynamic/ },
    'no token': { token: '', code: 'REGISTRY_UNAUTHORIZED', says: /@acme\/plugin-greeter-backend-dynamic/ },
    'a package that is not there': {
      notation: '@acme/absent@1.0.0',
      code: 'REGISTRY_NOT_FOUND',
      says: /@acme%2fabsent: status 404/,
    },
    'a version that is not there': { notation: `${name}@9.9.9`, code: 'REGISTRY_NOT_FOUND', says: /9\.9\.9/ },
    'another integrity': {
      integrity: OTHER,
      code: 'CONTENT_INTEGRITY',
      says: /The hash of the downloaded package .* does not match the provided integrity hash/,
    },
    'no integrity': { integrity: '', code: 'CONFIG_PLUGIN_INTEGRITY', says: /No integrity hash provided for Package/ },
  };
  for (const [what, { token = npm.token, notation = `${name}@1.0.0`, integrity = first, code, says }] of Object.entries(
    failures,
  )) {
    await t.test(`${what} fails that plugin by name, and leaves nothing behind`, async (t) => {
      const hub = await developerHub(t);
      await hub.write(token === '' ? scoped : `${scoped}${npm.place}:_authToken=${token}\n`, '.npmrc');
      await hub.write(entry(notation, integrity));
      const { plugins } = await hub.report(1);
      assert.equal(plugins[0]?.state, 'failed');
      assert.match(plugins[0]?.error?.message ?? '', says);
      assert.equal(plugins[0]?.error?.code, code);
      assert.deepEqual(await hub.names(), []);
    });
  }

  await t.test('SKIP_INTEGRITY_CHECK installs without integrity', async (t) => {
    const hub = await developerHub(t);
    await hub.write(`${scoped}${npm.place}:_authToken=${npm.token}\n`, '.npmrc');
    hub.env['SKIP_INTEGRITY_CHECK'] = 'True';
    assert.equal((await only(hub, `${name}@1.0.0`, '')).state, 'installed');
  });

  await withoutScripts(t, npm);
});

interface Failure {
  readonly token?: string;
  readonly notation?: string;
  readonly integrity?: string;
  readonly code: string;
  readonly says: RegExp;
}

/** Scripts of packages are for whoever builds them. */
async function withoutScripts(t: TestContext, npm: Verdaccio): Promise<void> {
  await t.test('scripts of a package are not run', async (t) => {
    const hub = await developerHub(t);
    const mark = `${hub.directory}/ran`;
    const scripts = Object.fromEntries(['preinstall', 'install', 'postinstall'].map((name) => [name, `touch ${mark}`]));
    const integrity = await npm.publish({ name: 'scripted' }, { manifest: { scripts } });
    await hub.write(`@acme:registry=${npm.url}\n${npm.place}:_authToken=${npm.token}\n`, '.npmrc');
    await only(hub, packageName({ name: 'scripted' }), integrity);
    await assert.rejects(readFile(mark), { code: 'ENOENT' });
  });
}

/** Installs one package; gives what the report says of it. */
async function only(hub: DeveloperHub, notation: string, integrity: string): Promise<HubPlugin> {
  await hub.write(entry(notation, integrity));
  const { plugins } = await hub.report();
  assert.equal(plugins.length, 1);
  return plugins[0] as HubPlugin;
}

function entry(notation: string, integrity: string): string {
  const line = integrity === '' ? '' : `    integrity: ${integrity}\n`;
  return `plugins:\n  - package: '${notation}'\n${line}`;
}
