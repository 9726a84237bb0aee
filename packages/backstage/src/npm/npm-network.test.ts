import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  certificateAuthority,
  fakeEnvironment,
  listenOnLoopback,
  startNpmRegistry,
  startSink,
  tempDir,
} from '@gantry/testkit';
import { entryOf, npmWorld } from './npm-world.fixture.ts';

const TOKEN = 'npm_canary-token';
const BEARER = `Bearer ${TOKEN}`;
const X = { name: 'x', version: '1.0.0' } as const;

for (const [what, lines, authorization] of [
  ['_authToken', [`:_authToken=${TOKEN}`], BEARER],
  ['_auth', [`:_auth=${Buffer.from('u:p').toString('base64')}`], `Basic ${Buffer.from('u:p').toString('base64')}`],
  [
    'username and _password',
    [':username=u', `:_password=${Buffer.from('p').toString('base64')}`],
    `Basic ${Buffer.from('u:p').toString('base64')}`,
  ],
] as const) {
  test(`${what} of .npmrc reaches its registry, with the document and with the tarball`, async (t) => {
    const registry = await startNpmRegistry(t, { authorization, path: '/npm/' });
    const { integrity } = registry.publish(X);
    const npmrc = [`registry=${registry.url}`, ...lines.map((line) => `//${registry.address}/npm/${line}`)].join('\n');
    const { npm, staging } = await npmWorld(t, { npmrc });
    await npm.stage(entryOf('x', integrity), staging);
    assert.deepEqual(
      registry.requests.map(({ path }) => path),
      ['/npm/x', '/npm/x/-/x-1.0.0.tgz'],
    );
  });
}

test('a scope goes to its own registry, with its own token', async (t) => {
  const corporate = await startNpmRegistry(t, { authorization: BEARER });
  const common = await startNpmRegistry(t);
  const scoped = corporate.publish({ name: '@acme/x', version: '1.0.0' });
  const plain = common.publish(X);
  const { npm, staging } = await npmWorld(t, {
    npmrc: [
      `registry=${common.url}`,
      `@acme:registry=${corporate.url}`,
      `//${corporate.address}/:_authToken=${TOKEN}`,
    ].join('\n'),
  });
  await npm.stage(entryOf('@acme/x@1.0.0', scoped.integrity), staging);
  await npm.stage(entryOf('x', plain.integrity), staging);
  assert.deepEqual([corporate.requests.length, common.requests.length], [2, 2]);
  assert.equal(corporate.requests[0]?.path, '/@acme%2fx');
  assert.ok(common.requests.every(({ headers }) => headers.authorization === undefined));
});

test('without a token the registry refuses, and says nothing of ours', async (t) => {
  const registry = await startNpmRegistry(t, { authorization: BEARER });
  const { npm, staging } = await npmWorld(t, {
    npmrc: `registry=${registry.url}\n//${registry.address}/:_authToken=wrong-canary`,
  });
  await assert.rejects(
    npm.stage(entryOf('x', 'sha512-AAAA'), staging),
    (error: Error & { code?: unknown; hint?: string }) => {
      assert.equal(error.code, 'REGISTRY_UNAUTHORIZED');
      assert.match(error.hint ?? '', /_authToken=TOKEN .* \.npmrc$/);
      assert.doesNotMatch(error.message, /canary/);
      return true;
    },
  );
});

test('A2, G6: a document that names a tarball on another host sends no token there', async (t) => {
  const other = await startNpmRegistry(t);
  const { url, integrity } = other.publish(X);
  const registry = await startNpmRegistry(t, { authorization: BEARER });
  registry.publish({ ...X, dist: { tarball: url, integrity } });
  const { npm, staging } = await npmWorld(t, {
    npmrc: `registry=${registry.url}\n//${registry.address}/:_authToken=${TOKEN}`,
  });
  assert.equal((await npm.stage(entryOf('x', integrity), staging)).name, 'x-1.0.0');
  const [request] = other.requests;
  assert.deepEqual(Object.keys(request?.headers ?? {}).sort(), ['accept-encoding', 'connection', 'host', 'user-agent']);
});

test('a tarball on another host gets the credential that .npmrc has for that very host', async (t) => {
  const files = await startNpmRegistry(t, { authorization: 'Bearer files-token' });
  const { url, integrity } = files.publish(X);
  const registry = await startNpmRegistry(t, { authorization: BEARER });
  registry.publish({ ...X, dist: { tarball: url, integrity } });
  const { npm, staging } = await npmWorld(t, {
    npmrc: [
      `registry=${registry.url}`,
      `//${registry.address}/:_authToken=${TOKEN}`,
      `@files:registry=${files.url}`,
      `//${files.address}/:_authToken=files-token`,
    ].join('\n'),
  });
  assert.equal((await npm.stage(entryOf('x', integrity), staging)).name, 'x-1.0.0');
});

test('A2, A3, G6: a package that redirects elsewhere takes no token along, for the document and for the tarball', async (t) => {
  for (const path of ['/x', '/x/-/x-1.0.0.tgz']) {
    const sink = await startSink(t);
    const registry = await startNpmRegistry(t, {
      authorization: BEARER,
      redirects: { [path]: `${sink.url}/elsewhere` },
    });
    const { integrity } = registry.publish(X);
    const { npm, staging, staged } = await npmWorld(t, {
      npmrc: `registry=${registry.url}\n//${registry.address}/:_authToken=${TOKEN}`,
    });
    await assert.rejects(npm.stage(entryOf('x', integrity), staging));
    assert.equal(sink.heads.length, 1, path);
    sink.assertNoSecret(TOKEN);
    assert.deepEqual(await staged(), []);
  }
});

test('G6: a package whose tarball is redirected is installed when its bytes are right', async (t) => {
  const other = await startNpmRegistry(t);
  const { url, integrity } = other.publish(X);
  const registry = await startNpmRegistry(t, { redirects: { '/x/-/x-1.0.0.tgz': url } });
  registry.publish(X);
  const { npm, staging } = await npmWorld(t, { npmrc: `registry=${registry.url}` });
  assert.equal((await npm.stage(entryOf('x', integrity), staging)).name, 'x-1.0.0');
});

for (const [what, tarball] of [
  ['the metadata service', 'http://169.254.169.254/latest/x.tgz'],
  ['the metadata service, mapped', 'http://[::ffff:169.254.169.254]/x.tgz'],
  ['a private address', 'http://10.0.0.1/x.tgz'],
  ['a name that resolves to loopback', 'http://inside.example/x.tgz'],
] as const) {
  test(`A12: a registry on a public address cannot lead to ${what}`, async (t) => {
    const registry = await startNpmRegistry(t);
    registry.publish({ ...X, dist: { tarball } });
    const environment = fakeEnvironment({
      env: {},
      lookup: { 'npm.example': { addresses: ['93.184.216.34'] }, 'inside.example': { addresses: ['127.0.0.1'] } },
      route: { '93.184.216.34:80': registry.address },
    });
    const { npm, staging } = await npmWorld(t, { environment, npmrc: 'registry=http://npm.example/' });
    await assert.rejects(npm.stage(entryOf('x', 'sha512-AAAA'), staging, { limits: { retries: 1 } }), {
      code: 'REGISTRY_ADDRESS_REFUSED',
    });
    assert.ok(environment.dialled.every((address) => address === '93.184.216.34:80'));
  });
}

test('A13: a document over https cannot lead to plain http on another host', async (t) => {
  const world = await secured(t);
  world.registry.publish({ ...X, dist: { tarball: 'http://127.0.0.1:9/x.tgz' } });
  await assert.rejects(world.stage('x'), { code: 'REGISTRY_REDIRECT_REFUSED' });
});

test('a registry behind TLS that names itself without is asked with TLS', async (t) => {
  const world = await secured(t);
  const { integrity, url } = world.registry.publish(X);
  world.registry.publish({ ...X, dist: { tarball: url.replace('https:', 'http:') } });
  assert.equal((await world.stage('x', integrity)).name, 'x-1.0.0');
});

test('A4: certfile and keyfile are shown to their registry, and not where it leads', async (t) => {
  const authority = certificateAuthority();
  const sink = await startSink(t, { tls: { ...authority.issue(), requestCert: true, rejectUnauthorized: false } });
  const world = await secured(t, { authority, mutual: true });
  const { integrity } = world.registry.publish(X);
  assert.equal((await world.stage('x', integrity)).name, 'x-1.0.0');
  world.registry.publish({ name: 'y', version: '1.0.0', dist: { tarball: `${sink.url}/y.tgz` } });
  await assert.rejects(world.stage('y'));
  assert.equal(sink.heads.length, 1);
  assert.equal(sink.clientCertificates(), 0);
});

test('certfile and keyfile that are missing are as good as none', async (t) => {
  const world = await secured(t, {
    extra: (host) => [`//${host}/:certfile=/nowhere/c`, `//${host}/:keyfile=/nowhere/k`],
  });
  const { integrity } = world.registry.publish(X);
  assert.equal((await world.stage('x', integrity)).name, 'x-1.0.0');
});

test('a certificate that no authority vouches for is refused, unless strict-ssl is off', async (t) => {
  const distrusted = await secured(t, { cafile: false });
  distrusted.registry.publish(X);
  await assert.rejects(distrusted.stage('x'), { code: 'REGISTRY_TLS' });
  const lax = await secured(t, { cafile: false, extra: () => ['strict-ssl=false'] });
  const { integrity } = lax.registry.publish(X);
  assert.equal((await lax.stage('x', integrity)).name, 'x-1.0.0');
});

test('ca in .npmrc is trusted like cafile', async (t) => {
  const authority = certificateAuthority();
  const world = await secured(t, {
    authority,
    cafile: false,
    extra: () => [`ca="${authority.cert.trim().replaceAll('\n', '\\n')}"`],
  });
  const { integrity } = world.registry.publish(X);
  assert.equal((await world.stage('x', integrity)).name, 'x-1.0.0');
});

test('https-proxy of .npmrc stands above the environment, and noproxy goes around it', async (t) => {
  const registry = await startNpmRegistry(t);
  const { integrity, tarball } = registry.publish({ ...X, dist: { tarball: 'http://npm.example/x/-/x-1.0.0.tgz' } });
  const asked: { url: string; headers: IncomingHttpHeaders }[] = [];
  const proxy = createServer(async (request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    if (request.url?.endsWith('.tgz')) return response.end(tarball);
    const answer = await fetch(`${registry.url}x`);
    response.end(await answer.text());
  });
  const { address } = await listenOnLoopback(t, proxy);
  const env = { HTTP_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9' };
  const lookup = { 'npm.example': { addresses: ['93.184.216.34'] } };
  const environment = fakeEnvironment({ env, lookup, route: { '93.184.216.34:80': registry.address } });
  const npmrc = `registry=http://npm.example/\nhttps-proxy=http://u:p@${address}`;
  const through = await npmWorld(t, { environment, npmrc });
  assert.equal((await through.npm.stage(entryOf('x', integrity), through.staging)).name, 'x-1.0.0');
  assert.deepEqual(
    asked.map(({ url }) => url),
    ['http://npm.example/x', 'http://npm.example/x/-/x-1.0.0.tgz'],
  );
  assert.equal(asked[0]?.headers['proxy-authorization'], `Basic ${Buffer.from('u:p').toString('base64')}`);
  for (const around of ['noproxy=npm.example', 'proxy=false\nhttps-proxy=null']) {
    const world = await npmWorld(t, {
      environment,
      npmrc: `registry=http://npm.example/\nproxy=http://${address}\n${around}`,
    });
    assert.equal((await world.npm.stage(entryOf('x', integrity), world.staging)).name, 'x-1.0.0');
  }
  assert.equal(asked.length, 2);
});

test('a connection that breaks in the middle of a tarball begins again, within the limit', async (t) => {
  const { tarball } = (await startNpmRegistry(t)).publish({
    ...X,
    files: { big: randomBytes(200_000).toString('hex') },
  });
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  let breaks = 0;
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(200, { 'content-length': tarball.length });
    if (asked > breaks) response.end(tarball);
    else response.write(tarball.subarray(0, 100_000), () => response.destroy());
  });
  const { address } = await listenOnLoopback(t, server);
  const { npm, staging, staged } = await npmWorld(t);
  const stage = (): Promise<unknown> =>
    npm.stage(entryOf(`http://${address}/x.tgz`, integrity), staging, { limits: { retries: 3 } });
  breaks = 2;
  await stage();
  assert.equal(asked, 3);
  [asked, breaks] = [0, 3];
  await assert.rejects(stage(), { code: 'REGISTRY_UNREACHABLE' });
  assert.equal(asked, 3);
  assert.equal((await staged()).length, 1);
});

test('a document that names npmjs.org means the registry it came from', async (t) => {
  const registry = await startNpmRegistry(t);
  const { integrity } = registry.publish({ ...X, dist: { tarball: 'https://registry.npmjs.org/x/-/x-1.0.0.tgz' } });
  const { npm, staging } = await npmWorld(t, { npmrc: `registry=${registry.url}` });
  assert.equal((await npm.stage(entryOf('x', integrity), staging)).name, 'x-1.0.0');
});

for (const [what, body] of [
  ['no JSON', '<html>'],
  ['a list', '[]'],
  ['an object without versions', '{"dist-tags":{"latest":"1.0.0"}}'],
  ['a version without dist', '{"dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"x","version":"1.0.0"}}}'],
  [
    'a tarball that is a file',
    '{"dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"x","version":"1.0.0","dist":{"tarball":"file:///etc/passwd"}}}}',
  ],
  ['a prototype', '{"dist-tags":{"latest":"__proto__"},"versions":{"__proto__":{}}}'],
] as const) {
  test(`a document that is ${what} is refused`, async (t) => {
    const registry = await startNpmRegistry(t, { answers: { '/x': [200, body] } });
    const { npm, staging, staged } = await npmWorld(t, { npmrc: `registry=${registry.url}` });
    await assert.rejects(npm.stage(entryOf('x', 'sha512-AAAA'), staging), { code: /^REGISTRY_(PROTOCOL|NOT_FOUND)$/ });
    assert.deepEqual(await staged(), []);
  });
}

test('a document of packageDocumentBytes is read, above it is refused', async (t) => {
  const registry = await startNpmRegistry(t);
  const { integrity } = registry.publish(X);
  const size = (await (await fetch(`${registry.url}x`)).text()).length;
  const { npm, staging } = await npmWorld(t, { npmrc: `registry=${registry.url}` });
  const stage = (limit: number): Promise<unknown> =>
    npm.stage(entryOf('x', integrity), staging, { limits: { packageDocumentBytes: limit } });
  await stage(size);
  await assert.rejects(stage(size - 1), { code: 'REGISTRY_LIMIT' });
});

interface SecuredOptions {
  readonly authority?: ReturnType<typeof certificateAuthority>;
  readonly cafile?: boolean;
  readonly mutual?: boolean;
  readonly extra?: (host: string) => readonly string[];
}

/** A registry behind TLS, and npm with the settings for it. */
async function secured(
  t: TestContext,
  { authority = certificateAuthority(), cafile = true, mutual = false, extra = () => [] }: SecuredOptions = {},
): Promise<{
  registry: Awaited<ReturnType<typeof startNpmRegistry>>;
  stage: (spec: string, integrity?: string) => Promise<{ name: string }>;
}> {
  const files = await tempDir(t);
  const client = authority.issue({ subject: 'client' });
  await writeFile(join(files, 'ca.pem'), authority.cert);
  await writeFile(join(files, 'client.pem'), client.cert);
  await writeFile(join(files, 'client.key'), client.key);
  const registry = await startNpmRegistry(t, {
    tls: { ...authority.issue(), ...(mutual ? { requestCert: true, ca: authority.cert } : {}) },
  });
  const lines = [
    `registry=${registry.url}`,
    ...(cafile ? [`cafile=${join(files, 'ca.pem')}`] : []),
    ...(mutual
      ? [
          `//${registry.address}/:certfile=${join(files, 'client.pem')}`,
          `//${registry.address}/:keyfile=${join(files, 'client.key')}`,
        ]
      : []),
    ...extra(registry.address),
  ];
  const { npm, staging } = await npmWorld(t, { npmrc: lines.join('\n') });
  const stage = (spec: string, integrity = 'sha512-AAAA'): Promise<{ name: string }> =>
    npm.stage(entryOf(spec, integrity), staging, { limits: { retries: 1 } });
  return { registry, stage };
}
