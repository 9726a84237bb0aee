/** Users, tokens and TLS with Debian's docker-registry. */
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Gantry, gantry } from './gantry.ts';
import { run, temporaryDirectory } from './processes.ts';
import { startDockerRegistry } from './registries.ts';

async function plugin(t: TestContext): Promise<string> {
  const file = join(await temporaryDirectory(t), 'hello');
  await writeFile(file, '#!/bin/sh\necho hello\n');
  await chmod(file, 0o755);
  return file;
}

async function certificate(
  t: TestContext,
  name: string,
  address: string,
): Promise<{ certificate: string; key: string }> {
  const directory = await temporaryDirectory(t);
  const key = join(directory, `${name}.key`);
  const file = join(directory, `${name}.crt`);
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${address}`, '-keyout', key, '-out', file],
  ]);
  return { certificate: file, key };
}

async function pushAndRun(g: Gantry, address: string, file: string, flags: readonly string[] = []): Promise<void> {
  const pushed = await g.json(['push', ...flags, `${address}/acme/hello:1`, file]);
  const ran = await g.run(['run', ...flags, `${address}/acme/hello@${pushed['digest']}`]);
  assert.equal(ran.stdout, 'hello\n', ran.stderr);
}

test('htpasswd: refused without login, works after it, refused after logout', async (t) => {
  const g = await gantry(t);
  const file = await plugin(t);
  const htpasswd = join(await temporaryDirectory(t), 'htpasswd');
  await run('htpasswd', ['-Bbc', htpasswd, 'jane', 'secret-of-jane']);
  const { address } = await startDockerRegistry(t, { auth: `htpasswd: {realm: test, path: ${htpasswd}}` });
  const refused = await g.run(['push', `${address}/acme/hello:1`, file]);
  assert.equal(refused.code, 3, refused.stderr);
  const wrong = await g.run(['login', address, '--username', 'jane', '--password-stdin'], { input: 'wrong' });
  assert.equal(wrong.code, 3, wrong.stderr);
  const login = await g.run(['login', address, '--username', 'jane', '--password-stdin'], { input: 'secret-of-jane' });
  assert.equal(login.code, 0, login.stderr);
  assert.doesNotMatch(login.stdout + login.stderr + wrong.stderr, /secret-of-jane/);
  await pushAndRun(g, address, file);
  await run('skopeo', [
    'inspect',
    '--raw',
    '--tls-verify=false',
    '--authfile',
    `${g.env['DOCKER_CONFIG']}/config.json`,
    `docker://${address}/acme/hello:1`,
  ]);
  assert.equal((await g.run(['logout', address])).code, 0);
  assert.equal((await g.run(['inspect', `${address}/acme/hello:1`])).code, 3);
});

test('token service: a token for each scope, credentials only to the service that is allowed', async (t) => {
  const g = await gantry(t);
  const file = await plugin(t);
  const signing = await certificate(t, 'token', 'DNS:token');
  const key = createPrivateKey(await readFile(signing.key));
  const x5c = [new X509Certificate(await readFile(signing.certificate)).raw.toString('base64')];
  const expected = `Basic ${Buffer.from('jane:secret').toString('base64')}`;
  const scopes: string[][] = [];
  const service = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    if (request.headers.authorization !== expected) {
      response.writeHead(401).end();
      return;
    }
    const requested = url.searchParams.getAll('scope');
    scopes.push(requested);
    const now = Math.floor(Date.now() / 1000);
    const access = requested.map((scope) => {
      const [type, name, actions] = scope.split(':');
      return { type, name, actions: actions?.split(',') };
    });
    const claims = {
      iss: 'issuer',
      sub: 'jane',
      aud: 'registry.test',
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: createHash('sha256').update(String(Math.random())).digest('hex'),
      access,
    };
    const body = [{ typ: 'JWT', alg: 'ES256', x5c }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ token: `${body}.${signature}`, expires_in: 300 }));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  t.after(() => service.close());
  const bound = service.address();
  assert.ok(bound !== null && typeof bound === 'object');
  const realmHost = `127.0.0.1:${bound.port}`;
  const { address } = await startDockerRegistry(t, {
    auth: `token: {realm: "http://${realmHost}/token", service: registry.test, issuer: issuer, rootcertbundle: ${signing.certificate}}`,
  });

  const refused = await g.run(['login', address, '--username', 'jane', '--password-stdin'], { input: 'secret' });
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /tokenHosts/);
  assert.equal(scopes.length, 0);

  const config = join(await temporaryDirectory(t), 'gantry.yaml');
  await writeFile(config, `schemaVersion: 1\nregistries:\n  "${address}": { tokenHosts: ["${realmHost}"] }\n`);
  const login = await g.run(['login', '--config', config, address, '--username', 'jane', '--password-stdin'], {
    input: 'secret',
  });
  assert.equal(login.code, 0, login.stderr);
  await pushAndRun(g, address, file, ['--config', config]);
  assert.ok(
    scopes.some((each) => each.join(' ').includes('repository:acme/hello:pull,push')),
    JSON.stringify(scopes),
  );
});

test('TLS of a private authority: refused by default with the issuer named, accepted with --ca-file', async (t) => {
  const g = await gantry(t);
  const file = await plugin(t);
  const tls = await certificate(t, 'private authority', 'IP:127.0.0.1');
  const { address } = await startDockerRegistry(t, { tls });
  const wrong = await certificate(t, 'other authority', 'IP:127.0.0.1');
  const refused = await g.run(['inspect', '--ca-file', wrong.certificate, `${address}/acme/hello:1`]);
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /private authority/);
  await pushAndRun(g, address, file, ['--ca-file', tls.certificate]);
});
