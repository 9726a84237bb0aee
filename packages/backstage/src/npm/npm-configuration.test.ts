import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fakeEnvironment, tempDir } from '@gantry/testkit';
import { readNpmConfiguration } from './npm-configuration.ts';
import { writeTree } from './npm-world.fixture.ts';

interface Files {
  readonly project?: string;
  readonly user?: string;
  readonly home?: string;
  readonly global?: string;
  readonly builtin?: string;
  readonly parent?: string;
}

/** The settings with these files in their places and these variables. */
async function configured(
  t: TestContext,
  files: Files,
  env: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const base = await tempDir(t);
  const places: Readonly<Record<keyof Files, string>> = {
    project: 'app/root/.npmrc',
    parent: 'app/.npmrc',
    user: 'mounted/.npmrc',
    home: 'home/.npmrc',
    global: 'prefix/etc/npmrc',
    builtin: 'prefix/lib/node_modules/npm/npmrc',
  };
  await writeTree(base, { 'prefix/lib/node_modules/npm/bin/npm': '', 'prefix/bin/node': '' });
  await mkdir(join(base, 'app/root'), { recursive: true });
  await mkdir(join(base, 'home'));
  for (const [place, text] of Object.entries(files)) {
    const file = join(base, places[place as keyof Files]);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    if (place === 'parent') await writeFile(join(base, 'app/package.json'), '{}');
  }
  const { flat } = await readNpmConfiguration(
    join(base, 'app/root'),
    fakeEnvironment({
      env: {
        HOME: join(base, 'home'),
        PATH: `${join(base, 'prefix/lib/node_modules/npm/bin')}:${join(base, 'prefix/bin')}`,
        ...(files.user === undefined ? {} : { NPM_CONFIG_USERCONFIG: join(base, 'mounted/.npmrc') }),
        ...env,
      },
    }),
  );
  return flat;
}

const LEVELS: readonly (keyof Files)[] = ['builtin', 'global', 'user', 'project'];
for (const [index, winner] of LEVELS.entries()) {
  test(`of several files, ${winner} stands above ${LEVELS.slice(0, index).join(', ') || 'the defaults'}`, async (t) => {
    const files = LEVELS.slice(0, index + 1).map((level) => [level, `registry=https://${level}.example/`]);
    assert.equal((await configured(t, Object.fromEntries(files)))['registry'], `https://${winner}.example/`);
  });
}

test('the file in the home directory counts when no other is named', async (t) => {
  const home = 'registry=https://home.example/';
  assert.equal((await configured(t, { home }))['registry'], 'https://home.example/');
  assert.equal((await configured(t, { home, user: '' }))['registry'], 'https://registry.npmjs.org/');
});

test('the project is where npm in the root finds one: a directory above with a package.json', async (t) => {
  const parent = 'registry=https://parent.example/';
  assert.equal((await configured(t, { parent }))['registry'], 'https://parent.example/');
});

for (const name of ['npm_config_registry', 'NPM_CONFIG_REGISTRY', 'Npm_Config_Registry']) {
  test(`the variable ${name} stands above every file`, async (t) => {
    const files = { project: 'registry=https://project.example/', user: 'registry=https://user.example/' };
    assert.equal((await configured(t, files, { [name]: 'https://env.example/' }))['registry'], 'https://env.example/');
  });
}

test('variables are put in, those that are not set stay as written', async (t) => {
  const env = { NPM_TOKEN: 'from-env', HOST: 'npm.example' };
  const flat = await configured(
    t,
    {
      project: `//npm.example/:_authToken=\${NPM_TOKEN}\n//a/:_authToken=\${ABSENT}\n@acme:registry=https://\${HOST}/x/`,
    },
    env,
  );
  assert.equal(flat['//npm.example/:_authToken'], 'from-env');
  assert.equal(flat['//a/:_authToken'], `\${ABSENT}`);
  assert.equal(flat['@acme:registry'], 'https://npm.example/x/');
});

test('a cafile that is missing is as good as none', async (t) => {
  assert.equal((await configured(t, { project: 'cafile=/nowhere/ca.pem' }))['ca'], null);
});

test('credentials without a registry belong to the default one', async (t) => {
  const flat = await configured(t, { user: 'registry=https://corp.example/npm/\n_auth=dXNlcjpwdw==' });
  assert.equal(flat['//corp.example/npm/:_auth'], 'dXNlcjpwdw==');
});

test('what cannot be read is an error of its own, with the reason', async (t) => {
  await assert.rejects(configured(t, { project: 'cafile=/' }), {
    code: 'CONFIG_NPM',
    message: /^the configuration of npm cannot be used: EISDIR/,
  });
});

test('the environment of the process is left alone', async (t) => {
  const before = { ...process.env };
  await configured(
    t,
    { project: 'registry=https://project.example/' },
    { npm_config_registry: 'https://env.example/' },
  );
  assert.deepEqual({ ...process.env }, before);
});
