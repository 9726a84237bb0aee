/** Credentials that other tools wrote are used by us, those that `gantry login` wrote are used by other tools. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crane, skopeoRaw } from './clients.ts';
import { type Gantry, gantry } from './gantry.ts';
import { startHtpasswdRegistry } from './htpasswd.ts';
import { script } from './plugins.ts';
import { run, temporaryDirectory } from './processes.ts';

const jane = { username: 'jane', password: 'secret-of-jane' };

/** Pushes a plugin as somebody who has the credential at hand; gives its reference with digest. */
async function published(t: TestContext, address: string): Promise<string> {
  const owner = await gantry(t);
  const login = ['login', address, '--username', jane.username, '--password-stdin'];
  assert.equal((await owner.run(login, { input: jane.password })).code, 0);
  const file = await script(await temporaryDirectory(t), 'hello', 'hello');
  const { digest } = await owner.json(['push', `${address}/acme/hello:1`, file]);
  return `${address}/acme/hello:1@${digest}`;
}

async function runs(g: Gantry, reference: string): Promise<void> {
  const ran = await g.run(['run', reference]);
  assert.equal(ran.stdout, 'hello ', ran.stderr);
}

async function refused(g: Gantry, reference: string): Promise<void> {
  const ran = await g.run(['run', '--root', `${g.env['HOME']}/refused`, reference]);
  assert.equal(ran.code, 3, ran.stderr);
  assert.match(ran.stderr, /REGISTRY_UNAUTHORIZED/);
}

test('skopeo login --authfile: the file is used through REGISTRY_AUTH_FILE, entries for a repository as well', async (t) => {
  const { address } = await startHtpasswdRegistry(t, jane);
  const reference = await published(t, address);
  const file = join(await temporaryDirectory(t), 'auth.json');
  const login = ['login', '--tls-verify=false', '--authfile', file, '-u', jane.username, '--password-stdin'];
  const g = await gantry(t);
  await refused(g, reference);
  g.env['REGISTRY_AUTH_FILE'] = file;

  await run('skopeo', [...login, `${address}/acme/other`], { input: jane.password });
  await refused(g, reference);
  await run('skopeo', [...login, `${address}/acme/hello`], { input: jane.password });
  await runs(g, reference);
});

test('crane auth login: docker\u2019s config.json is used', async (t) => {
  const { address } = await startHtpasswdRegistry(t, jane);
  const reference = await published(t, address);
  const g = await gantry(t);
  await refused(g, reference);
  const directory = g.env['DOCKER_CONFIG'] ?? '';
  const login = ['auth', 'login', address, '-u', jane.username, '--password-stdin'];
  await crane(login, { input: jane.password, env: { DOCKER_CONFIG: directory } });
  await runs(g, reference);
});

test('gantry login: crane and skopeo use the file, other entries stay as they were', async (t) => {
  const { address } = await startHtpasswdRegistry(t, jane);
  const reference = await published(t, address);
  const g = await gantry(t);
  const directory = g.env['DOCKER_CONFIG'] ?? '';
  const file = join(directory, 'config.json');
  await mkdir(directory, { mode: 0o700 });
  const before = { auths: { 'registry.example.com': { auth: 'eDp5' } }, HttpHeaders: { 'X-Meta': 'kept' } };
  await writeFile(file, JSON.stringify(before), { mode: 0o600 });
  const login = ['login', address, '--username', jane.username, '--password-stdin'];
  assert.equal((await g.run(login, { input: jane.password })).code, 0);
  await runs(g, reference);

  const tagged = reference.split('@')[0] ?? '';
  assert.equal(await crane(['digest', tagged], { env: { DOCKER_CONFIG: directory } }), reference.split('@')[1]);
  assert.ok((await skopeoRaw(tagged, ['--authfile', file])).includes('schemaVersion'));

  await run('skopeo', ['logout', '--authfile', file, address]);
  await refused(g, reference);
  const after = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual(after.auths, before.auths);
});

test('a credential helper that crane and skopeo ask is asked by us, once', async (t) => {
  const { address } = await startHtpasswdRegistry(t, jane);
  const reference = await published(t, address);
  const g = await gantry(t);
  const directory = g.env['DOCKER_CONFIG'] ?? '';
  const tools = await temporaryDirectory(t);
  const helper = join(tools, 'docker-credential-e2e');
  const answer = JSON.stringify({ ServerURL: address, Username: jane.username, Secret: jane.password });
  await writeFile(
    helper,
    `#!/bin/sh
read server
printf '%s %s\\n' "$1" "$server" >> ${tools}/log
[ "$server" = "${address}" ] && { echo '${answer}'; exit 0; }
echo 'credentials not found in native keychain'
exit 1
`,
  );
  await chmod(helper, 0o755);
  await mkdir(directory, { mode: 0o700 });
  const file = join(directory, 'config.json');
  const path = `${tools}:${process.env['PATH']}`;
  g.env['PATH'] = path;
  const env = { PATH: path, DOCKER_CONFIG: directory };
  const log = async (): Promise<string[]> => (await readFile(join(tools, 'log'), 'utf8')).trim().split('\n');
  const tagged = reference.split('@')[0] ?? '';
  for (const config of [{ credsStore: 'e2e' }, { credHelpers: { [address]: 'e2e' } }]) {
    await writeFile(file, JSON.stringify(config));
    await crane(['digest', tagged], { env });
    // skopeo reads credHelpers of such a file, not credsStore.
    if ('credHelpers' in config) {
      const inspect = ['inspect', '--raw', '--tls-verify=false', '--authfile', file, `docker://${tagged}`];
      await run('skopeo', inspect, { env });
    }
    // crane asks the common helper for the repository first, we and skopeo ask for the registry alone.
    const before = await log();
    assert.equal(before.at(-1), `get ${address}`);
    assert.equal((await g.json(['inspect', tagged]))['digest'], reference.split('@')[1]);
    assert.deepEqual((await log()).slice(before.length), [`get ${address}`]);
  }
});
