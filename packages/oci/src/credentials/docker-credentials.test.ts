import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { fakeEnvironment, tempDir } from '@gantry/testkit';
import type { Origin } from '../transport/origin.ts';
import type { Credential } from './credential.ts';
import { dockerCredentials } from './docker-credentials.ts';

const auth = (user: string): { auth: string } => ({ auth: Buffer.from(`${user}:pw`).toString('base64') });
const basic = (username: string): Credential => ({ kind: 'basic', username, password: 'pw' });

async function write(path: string, document: unknown): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof document === 'string' ? document : JSON.stringify(document));
  return path;
}

function find(env: Record<string, string>, registry: string, repository = 'a/b'): Promise<Credential | undefined> {
  const origin = (registry.startsWith('http') ? registry : `https://${registry}`) as Origin;
  return dockerCredentials(fakeEnvironment({ env })).credentialFor(origin, repository);
}

test('A9: a credential belongs to one host and port, whatever its key looks like', async (t) => {
  const home = await tempDir(t);
  const keys = [
    'ghcr.io',
    'https://old.example/v1/',
    'registry.example:5000',
    'https://index.docker.io/v1/',
    'HTTPS://Upper.Example',
    '[::1]:5000',
    'sub.ghcr.io',
    'not a host!',
    'http://plain.example:80',
  ];
  await write(join(home, '.docker/config.json'), { auths: Object.fromEntries(keys.map((key) => [key, auth(key)])) });
  const table: readonly (readonly [string, string | undefined])[] = [
    ['ghcr.io:443', 'ghcr.io'],
    ['GHCR.IO:443', 'ghcr.io'],
    ['ghcr.io.:443', 'ghcr.io'],
    ['ghcr.io:5000', undefined],
    ['notghcr.io:443', undefined],
    ['ghcr.io.evil:443', undefined],
    ['hcr.io:443', undefined],
    ['old.example:443', 'https://old.example/v1/'],
    ['registry.example:5000', 'registry.example:5000'],
    ['registry.example:443', undefined],
    ['upper.example:443', 'HTTPS://Upper.Example'],
    ['[::1]:5000', '[::1]:5000'],
    ['[0:0:0:0:0:0:0:1]:5000', '[::1]:5000'],
    ['registry-1.docker.io:443', 'https://index.docker.io/v1/'],
    ['docker.io:443', 'https://index.docker.io/v1/'],
    ['evildocker.io:443', undefined],
    ['index.docker.io.evil:443', undefined],
    ['http://ghcr.io:443', 'ghcr.io'],
    ['http://ghcr.io:80', 'ghcr.io'],
  ];
  for (const [registry, key] of table) {
    assert.deepEqual(await find({ HOME: home }, registry), key === undefined ? undefined : expected(key), registry);
  }
});

function expected(key: string): Credential {
  // A colon ends the user name.
  const [username = '', ...rest] = `${key}:pw`.split(':');
  return { kind: 'basic', username, password: rest.join(':') };
}

test('entries: auth, plain fields, identity and registry tokens', async (t) => {
  const home = await tempDir(t);
  const auths = {
    'a.example': { ...auth('user'), email: 'x@example' },
    'b.example': { username: 'user', password: 'pw' },
    'c.example': { ...auth('user'), identitytoken: 'it' },
    'd.example': { registrytoken: 'rt' },
    'e.example': {},
    'f.example': { auth: Buffer.from('user:pw\0\0\0').toString('base64') },
    'g.example': { auth: Buffer.from('user:p:w').toString('base64') },
  };
  await write(join(home, '.docker/config.json'), { auths, HttpHeaders: { x: 'y' }, detachKeys: 'ctrl-e' });
  const results: Record<string, Credential | undefined> = {
    a: basic('user'),
    b: basic('user'),
    c: { kind: 'identity', token: 'it' },
    d: { kind: 'bearer', token: 'rt' },
    e: undefined,
    f: basic('user'),
    g: { kind: 'basic', username: 'user', password: 'p:w' },
  };
  for (const [name, credential] of Object.entries(results)) {
    assert.deepEqual(await find({ HOME: home }, `${name}.example:443`), credential, name);
  }
});

test('auth.json: the longest prefix of the repository, at path boundaries', async (t) => {
  const file = join(await tempDir(t), 'auth.json');
  const keys = ['quay.io', 'quay.io/team', 'quay.io/team/app', 'quay.io/te', 'other.example/only/here'];
  await write(file, { auths: Object.fromEntries(keys.map((key) => [key, auth(key)])) });
  const env = { REGISTRY_AUTH_FILE: file };
  assert.deepEqual(await find(env, 'quay.io:443', 'team/app'), basic('quay.io/team/app'));
  assert.deepEqual(await find(env, 'quay.io:443', 'team/app/sub'), basic('quay.io/team/app'));
  assert.deepEqual(await find(env, 'quay.io:443', 'team/application'), basic('quay.io/team'));
  assert.deepEqual(await find(env, 'quay.io:443', 'teams/app'), basic('quay.io'));
  assert.deepEqual(await find(env, 'other.example:443', 'only/here'), basic('other.example/only/here'));
  assert.equal(await find(env, 'other.example:443', 'only'), undefined);
});

test('which file answers: REGISTRY_AUTH_FILE alone, else in order', async (t) => {
  const root = await tempDir(t);
  const at = (name: string, ...hosts: string[]): Promise<string> =>
    write(join(root, name), { auths: Object.fromEntries(hosts.map((host) => [host, auth(name)])) });
  await at('docker/config.json', 'a.example');
  await at('run/containers/auth.json', 'a.example', 'b.example');
  await at('home/.config/containers/auth.json', 'a.example', 'b.example', 'c.example');
  await at('home/.docker/config.json', 'a.example', 'b.example', 'c.example', 'd.example');
  const explicit = await at('explicit.json', 'z.example');
  const user = async (env: Record<string, string>, host: string): Promise<string | undefined> => {
    const found = await find(env, `${host}.example:443`);
    return found?.kind === 'basic' ? found.username : undefined;
  };
  const base = { HOME: join(root, 'home'), XDG_RUNTIME_DIR: join(root, 'run') };
  assert.equal(await user(base, 'a'), 'run/containers/auth.json');
  assert.equal(await user(base, 'c'), 'home/.config/containers/auth.json');
  assert.equal(await user(base, 'd'), 'home/.docker/config.json');
  const docker = { ...base, DOCKER_CONFIG: join(root, 'docker') };
  assert.equal(await user(docker, 'a'), 'docker/config.json');
  assert.equal(await user(docker, 'b'), 'run/containers/auth.json');
  assert.equal(await user(docker, 'd'), undefined);
  assert.equal(await user({ ...docker, REGISTRY_AUTH_FILE: explicit }, 'a'), undefined);
  assert.equal(await user({ ...docker, REGISTRY_AUTH_FILE: explicit }, 'z'), 'explicit.json');
  assert.equal(await user({}, 'a'), undefined);
});

test('A11: a malformed file is an error that names it and quotes nothing of it', async (t) => {
  const file = join(await tempDir(t), 'auth.json');
  const secret = Buffer.from('user:c4nary').toString('base64');
  const broken: unknown[] = [
    `{"auths":{"ghcr.io":{"auth":"${secret}"}}`,
    `{"auths":{"ghcr.io":{"auth":"${secret}}}}`,
    '[]',
    '"c4nary"',
    { auths: [] },
    { auths: { 'ghcr.io': 'c4nary' } },
    { auths: { 'ghcr.io': { auth: 5, password: 'c4nary' } } },
    { auths: { 'ghcr.io': { auth: `${secret}*c4nary` } } },
    { auths: { 'ghcr.io': { auth: Buffer.from('c4nary').toString('base64') } } },
    { credHelpers: { 'ghcr.io': 5 } },
    { credsStore: {} },
    `{"auths":{},"auths":{"ghcr.io":{"auth":"${secret}"}}}`,
    `{"auths":{}} ${' '.repeat(1024 * 1024)}`,
  ];
  for (const document of broken) {
    await write(file, document);
    await assert.rejects(find({ REGISTRY_AUTH_FILE: file }, 'ghcr.io:443'), (error: Error & { code: string }) => {
      assert.equal(error.code, 'REGISTRY_CREDENTIALS');
      assert.ok(error.message.includes(file));
      const shown = inspect(error, { depth: 9, showHidden: true });
      assert.doesNotMatch(shown, /c4nary/);
      assert.ok(!shown.includes(secret.slice(0, 8)));
      return true;
    });
  }
});

test('the size of a credential file is a limit', async (t) => {
  const file = join(await tempDir(t), 'auth.json');
  const limits = { credentialFileBytes: 100 };
  const source = (): Promise<Credential | undefined> =>
    dockerCredentials(fakeEnvironment({ env: { REGISTRY_AUTH_FILE: file } })).credentialFor(
      'https://ghcr.io:443',
      'a',
      { limits },
    );
  for (const size of [99, 100]) {
    await write(file, '{}'.padEnd(size));
    assert.equal(await source(), undefined);
  }
  await write(file, '{}'.padEnd(101));
  await assert.rejects(source(), { code: 'REGISTRY_CREDENTIALS' });
});
