/** Users and tokens with Debian's docker-registry: for us and for the other clients. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crane, oras, skopeoRaw } from './clients.ts';
import { type Gantry, gantry } from './gantry.ts';
import { startHtpasswdRegistry } from './htpasswd.ts';
import { script } from './plugins.ts';
import { run, temporaryDirectory } from './processes.ts';
import { startDockerRegistry } from './registries.ts';
import { startTokenService } from './token-service.ts';

const jane = { username: 'jane', password: 'secret-of-jane' };
const asJane = ['--username', jane.username, '--password-stdin'];

async function pushAndRun(t: TestContext, g: Gantry, address: string, flags: readonly string[] = []): Promise<void> {
  const file = await script(await temporaryDirectory(t), 'hello', 'hello');
  const { digest } = await g.json(['push', ...flags, `${address}/acme/hello:1`, file]);
  const ran = await g.run(['run', ...flags, `${address}/acme/hello@${digest}`]);
  assert.equal(ran.stdout, 'hello ', ran.stderr);
}

test('htpasswd: refused without login, works after it, refused after logout', async (t) => {
  const g = await gantry(t);
  const { address } = await startHtpasswdRegistry(t, jane);
  const file = await script(await temporaryDirectory(t), 'hello', 'hello');
  const refused = await g.run(['push', `${address}/acme/hello:1`, file]);
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /REGISTRY_UNAUTHORIZED/);
  const wrong = await g.run(['login', address, ...asJane], { input: 'wrong' });
  assert.equal(wrong.code, 3, wrong.stderr);
  const login = await g.run(['login', address, ...asJane], { input: jane.password });
  assert.equal(login.code, 0, login.stderr);
  assert.doesNotMatch(login.stdout + login.stderr + wrong.stderr, /secret-of-jane/);
  await pushAndRun(t, g, address);
  assert.equal((await g.run(['logout', address])).code, 0);
  assert.equal((await g.run(['inspect', `${address}/acme/hello:1`])).code, 3);
});

test('token service: only to the host that is allowed, a token for each scope; the other clients read the result', async (t) => {
  const g = await gantry(t);
  const service = await startTokenService(t, jane);
  const { address } = await startDockerRegistry(t, { auth: service.auth });

  const refused = await g.run(['login', address, ...asJane], { input: jane.password });
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /tokenHosts/);
  assert.equal(service.scopes.length, 0);

  const config = join(await temporaryDirectory(t), 'gantry.yaml');
  const settings = `registries:\n  "${address}": { tokenHosts: ["${service.address}"] }\n`;
  await writeFile(config, `schemaVersion: 1\n${settings}`);
  const login = await g.run(['login', '--config', config, address, ...asJane], { input: jane.password });
  assert.equal(login.code, 0, login.stderr);
  await pushAndRun(t, g, address, ['--config', config]);
  const asked = service.scopes.map((scopes) => scopes.join(' '));
  assert.deepEqual(
    new Set(asked.filter((scope) => scope !== '')),
    new Set(['repository:acme/hello:pull,push', 'repository:acme/hello:pull']),
  );

  const { digest } = await g.json(['copy', '--config', config, `${address}/acme/hello:1`, `${address}/acme/copied:1`]);
  assert.ok(
    service.scopes.some((scopes) => scopes.length === 2),
    'a mount asks for both repositories at once',
  );
  // crane sends no credential to a token service on a private address, loopback included.
  const env = { DOCKER_CONFIG: g.env['DOCKER_CONFIG'] ?? '' };
  await assert.rejects(crane(['digest', `${address}/acme/copied:1`], { env }), /private or link-local address/);
  const pulled = ['pull', `${address}/acme/copied:1`, await temporaryDirectory(t)];
  assert.equal(await oras(pulled, { env: { ORAS_USER: jane.username, ORAS_PASSWORD: jane.password } }), digest);
  const raw = await skopeoRaw(`${address}/acme/copied:1`, ['--creds', `${jane.username}:${jane.password}`]);
  assert.equal(raw, await g.ok(['inspect', '--config', config, '--raw', `${address}/acme/copied:1`]));
});

test('htpasswd: what the other clients push with their credentials runs with ours', async (t) => {
  const g = await gantry(t);
  const { address } = await startHtpasswdRegistry(t, jane);
  await g.run(['login', address, ...asJane], { input: jane.password });
  const directory = await temporaryDirectory(t);
  await script(directory, 'hello', 'from oras');
  const env = { ORAS_USER: jane.username, ORAS_PASSWORD: jane.password };
  const reference = `${address}/acme/oras:1`;
  const digest = await oras(['push', reference, 'application/vnd.acme.plugin', 'hello'], { cwd: directory, env });
  const ran = await g.run(['run', `${reference}@${digest}`]);
  assert.equal(ran.stdout, 'from oras ', ran.stderr);
  const creds = ['--src-creds', 'jane:secret-of-jane', '--dest-creds', 'jane:secret-of-jane'];
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  const copy = `${address}/acme/skopeo:1`;
  await run('skopeo', ['copy', '-q', ...plain, ...creds, `docker://${reference}`, `docker://${copy}`]);
  assert.equal((await g.json(['inspect', copy]))['digest'], digest);
});
