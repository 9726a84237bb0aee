import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fakeEnvironment, scriptedRegistry, startRegistry, startTokenServer, tempDir } from '@gantry/testkit';
import type { Environment } from '../environment.ts';
import type { Credential } from './credential.ts';
import { dockerCredentials } from './docker-credentials.ts';
import { type LoginCredential, login, logout } from './login.ts';

const USER: LoginCredential = { kind: 'basic', username: 'user', password: 'pa:ss' };
const AUTH = Buffer.from('user:pa:ss').toString('base64');

async function registry(t: TestContext): Promise<string> {
  return (await scriptedRegistry(t, [], { auth: { kind: 'basic', users: { user: 'pa:ss' } } })).address;
}

async function home(
  t: TestContext,
  env: Record<string, string> = {},
): Promise<{ file: string; environment: Environment; root: string }> {
  const root = await tempDir(t);
  return {
    root,
    file: join(root, '.docker', 'config.json'),
    environment: fakeEnvironment({ env: { HOME: root, PATH: `${root}:/usr/bin:/bin`, ...env } }),
  };
}

function stored(environment: Environment, address: string): Promise<Credential | undefined> {
  return dockerCredentials(environment).credentialFor(`http://${address}` as 'http://x:1', 'a');
}

test('a login is verified, stored for its owner alone, and found again', async (t) => {
  const address = await registry(t);
  const { file, environment } = await home(t);
  const result = await login(address, USER, { environment });
  assert.deepEqual(result, { registry: address, verified: true, storedIn: file });
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { auths: { [address]: { auth: AUTH } } });
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(join(file, '..'))).mode & 0o777, 0o700);
  assert.deepEqual(await stored(environment, address), USER);
  assert.deepEqual(await readdir(join(file, '..')), ['config.json']);
});

test('a wrong password stores nothing', async (t) => {
  const address = await registry(t);
  const { root, environment } = await home(t);
  await assert.rejects(login(address, { ...USER, password: 'wrong' } as LoginCredential, { environment }), {
    code: 'REGISTRY_UNAUTHORIZED',
  });
  assert.deepEqual(await readdir(root), []);
});

test('a registry that lets everybody in proves nothing, and says so', async (t) => {
  const { address } = await startRegistry(t);
  const { environment } = await home(t);
  assert.equal((await login(address, USER, { environment })).verified, false);
});

test('a token service elsewhere needs a setting: the error names the host, with it the login works', async (t) => {
  const tokens = await startTokenServer(t, { users: { user: 'pa:ss' } });
  const { address } = await scriptedRegistry(t, [], { auth: { kind: 'bearer', tokens } });
  const { environment, root } = await home(t);
  const details = { registry: address, tokenHost: tokens.address };
  await assert.rejects(login(address, USER, { environment }), { code: 'REGISTRY_REALM_REFUSED', details });
  assert.deepEqual(await readdir(root), []);
  const registries = { [address]: { tokenHosts: [tokens.address] } };
  assert.equal((await login(address, USER, { environment, registries })).verified, true);
});

test('everything else in the file stays as it is, with its indentation', async (t) => {
  const address = await registry(t);
  for (const indent of ['\t', '  ', '    ', '']) {
    const { file, environment } = await home(t);
    const before = {
      auths: { 'z.example': { auth: 'eDp5', email: 'a@b' }, 'a.example': {} },
      HttpHeaders: { 'User-Agent': 'Docker' },
      psFormat: 'table {{.ID}}\\t',
      plugins: { x: { y: [1, 2, { z: null }] } },
    };
    await mkdir(join(file, '..'));
    await writeFile(file, JSON.stringify(before, null, indent));
    await login(address, USER, { environment });
    const after = { ...before, auths: { ...before.auths, [address]: { auth: AUTH } } };
    assert.equal(await readFile(file, 'utf8'), JSON.stringify(after, null, indent));
    assert.deepEqual(await logout(address, { environment }), [file]);
    assert.equal(await readFile(file, 'utf8'), JSON.stringify(before, null, indent));
    assert.deepEqual(await logout(address, { environment }), []);
  }
});

test('a login goes where its registry is answered from already', async (t) => {
  const address = await registry(t);
  const { root, environment, file } = await home(t);
  const containers = join(root, '.config', 'containers', 'auth.json');
  await mkdir(join(containers, '..'), { recursive: true });
  await writeFile(containers, JSON.stringify({ auths: { [`https://${address}/v2/`]: { auth: 'b2xkOm9sZA==' } } }));
  assert.equal((await login(address, USER, { environment })).storedIn, containers);
  assert.deepEqual(JSON.parse(await readFile(containers, 'utf8')), {
    auths: { [`https://${address}/v2/`]: { auth: AUTH } },
  });
  assert.deepEqual(await stored(environment, address), USER);
  await assert.rejects(stat(file), { code: 'ENOENT' });
});

test('REGISTRY_AUTH_FILE and DOCKER_CONFIG say where', async (t) => {
  const address = await registry(t);
  const root = await tempDir(t);
  for (const [env, file] of [
    [{ DOCKER_CONFIG: join(root, 'docker') }, join(root, 'docker', 'config.json')],
    [{ DOCKER_CONFIG: join(root, 'docker'), REGISTRY_AUTH_FILE: join(root, 'auth.json') }, join(root, 'auth.json')],
  ] as const) {
    const { environment } = await home(t, env);
    assert.equal((await login(address, USER, { environment })).storedIn, file);
  }
  const nowhere = fakeEnvironment();
  await assert.rejects(login(address, USER, { environment: nowhere }), { code: 'REGISTRY_CREDENTIALS' });
});

test('an identity token is stored as one', async (t) => {
  const { address } = await startRegistry(t);
  const { file, environment } = await home(t);
  await login(address, { kind: 'identity', token: 'refresh' }, { environment });
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { auths: { [address]: { identitytoken: 'refresh' } } });
  assert.deepEqual(await stored(environment, address), { kind: 'identity', token: 'refresh' });
});

test('a helper keeps the secret when the file says so', { skip: process.platform === 'win32' }, async (t) => {
  const address = await registry(t);
  const { root, file, environment } = await home(t);
  const kept = join(root, 'kept');
  const helper = join(root, 'docker-credential-keep');
  await writeFile(helper, `#!/bin/sh\ncase $1 in store) cat > ${kept};; erase) rm ${kept};; get) cat ${kept};; esac\n`);
  await chmod(helper, 0o755);
  await mkdir(join(file, '..'));
  for (const config of [{ credsStore: 'keep' }, { credHelpers: { [address]: 'keep' } }]) {
    await writeFile(file, JSON.stringify(config));
    const result = await login(address, USER, { environment });
    assert.equal(result.storedIn, 'docker-credential-keep');
    assert.deepEqual(JSON.parse(await readFile(kept, 'utf8')), {
      ServerURL: address,
      Username: 'user',
      Secret: 'pa:ss',
    });
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { ...config, auths: { [address]: {} } });
    assert.deepEqual(await stored(environment, address), USER);
    assert.deepEqual(await logout(address, { environment }), ['docker-credential-keep']);
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { ...config, auths: {} });
    await assert.rejects(stat(kept), { code: 'ENOENT' });
  }
});

test('a link to the file stays a link', async (t) => {
  const address = await registry(t);
  const { root, file, environment } = await home(t);
  await mkdir(join(file, '..'));
  await writeFile(join(root, 'real.json'), '{}');
  await symlink(join(root, 'real.json'), file);
  await login(address, USER, { environment });
  assert.equal((await lstat(file)).isSymbolicLink(), true);
  assert.match(await readFile(join(root, 'real.json'), 'utf8'), new RegExp(AUTH));
});

test('E7: no credential is put into a directory that others may write to', {
  skip: process.platform === 'win32',
}, async (t) => {
  const address = await registry(t);
  const { file, environment } = await home(t);
  await mkdir(join(file, '..'));
  await chmod(join(file, '..'), 0o777);
  await assert.rejects(login(address, USER, { environment }), { code: 'REGISTRY_CREDENTIALS' });
  assert.deepEqual(await readdir(join(file, '..')), []);
});

test('a malformed file is left alone', async (t) => {
  const address = await registry(t);
  const { file, environment } = await home(t);
  await mkdir(join(file, '..'));
  await writeFile(file, '{"auths":');
  await assert.rejects(login(address, USER, { environment }), { code: 'REGISTRY_CREDENTIALS' });
  await assert.rejects(logout(address, { environment }), { code: 'REGISTRY_CREDENTIALS' });
  assert.equal(await readFile(file, 'utf8'), '{"auths":');
});
