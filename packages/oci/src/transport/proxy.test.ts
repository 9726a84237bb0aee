import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { certificateAuthority, fakeEnvironment, listenOnLoopback, tempDir } from '@gantry/testkit';
import { ask, serveHttp, textOf } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';
import { proxyFor } from './proxy-rules.ts';

const ONCE = { limits: { retries: 1 } };
const CREDENTIAL = `Basic ${Buffer.from('puser:c4nary').toString('base64')}`;

interface ProxyDouble {
  readonly address: string;
  readonly requests: {
    method: string;
    target: string;
    authorization: string | undefined;
    clientCertificate: boolean;
  }[];
}

/** A proxy that leads every tunnel and every request to `to`, or does with a CONNECT what `connects` does. */
async function startProxy(
  t: TestContext,
  to: string,
  options: { tls?: { key: string; cert: string }; connects?: (socket: Socket) => void } = {},
): Promise<ProxyDouble> {
  const requests: ProxyDouble['requests'] = [];
  const record = (request: IncomingMessage): void => {
    const peer = options.tls === undefined ? {} : (request.socket as TLSSocket).getPeerCertificate();
    requests.push({
      method: request.method ?? '',
      target: request.url ?? '',
      authorization: request.headers['proxy-authorization'],
      clientCertificate: Object.keys(peer).length > 0,
    });
  };
  const listener: RequestListener = (request, response) => {
    record(request);
    response.end('by the proxy');
  };
  const server =
    options.tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ ...options.tls, requestCert: true, rejectUnauthorized: false }, listener);
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    record(request);
    if (options.connects !== undefined) return options.connects(socket);
    const [host = '', port = ''] = to.split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    socket.on('close', () => upstream.destroy());
  });
  const { address } = await listenOnLoopback(t, server as never);
  return { address, requests };
}

test('A14: which URLs go through a proxy', () => {
  const env = (noProxy: string, more = {}): Record<string, string> => ({
    HTTPS_PROXY: 'http://p:3128',
    NO_PROXY: noProxy,
    ...more,
  });
  const direct: readonly (readonly [string, string])[] = [
    ['*', 'https://a.example/'],
    ['a.example', 'https://a.example/'],
    ['A.Example.', 'https://a.example/'],
    ['a.example', 'https://a.example./'],
    ['a.example', 'https://sub.a.example/'],
    ['.a.example', 'https://sub.a.example/'],
    ['*.a.example', 'https://sub.a.example/'],
    ['x, a.example:443', 'https://a.example/'],
    ['x a.example:5000', 'https://a.example:5000/'],
    ['10.0.0.0/8', 'https://10.1.2.3/'],
    ['10.0.0.0/8', 'https://[::ffff:a01:203]/'],
    ['::ffff:10.0.0.0/104', 'https://10.1.2.3/'],
    ['::ffff:10.1.2.3', 'https://10.1.2.3/'],
    ['10.1.2.3', 'https://[::ffff:10.1.2.3]/'],
    ['[fd00::1]:5000', 'https://[fd00:0::1]:5000/'],
    ['fd00::/8', 'https://[fd00::1]/'],
    ['', 'https://localhost:5000/'],
    ['', 'https://127.0.0.1/'],
    ['', 'https://[::1]/'],
    ['', 'https://[::ffff:7f00:1]/'],
  ];
  for (const [noProxy, url] of direct)
    assert.equal(proxyFor(new URL(url), env(noProxy)), undefined, `${noProxy} ${url}`);
  const proxied: readonly (readonly [string, string])[] = [
    ['', 'https://a.example/'],
    ['a.example', 'https://nota.example/'],
    ['a.example', 'https://a.example.evil/'],
    ['.a.example', 'https://a.example/'],
    ['a.example:5000', 'https://a.example/'],
    ['10.0.0.0/8', 'https://11.0.0.1/'],
    ['10.0.0.0/8', 'https://10.example/'],
    ['10.0.0.0/99', 'https://10.1.2.3/'],
    ['10.0.0.0/', 'https://10.1.2.3/'],
    ['0.0.1', 'https://10.0.0.1/'],
    ['', 'https://localhost.evil.com/'],
    ['', 'https://127.0.0.1.evil.com/'],
  ];
  for (const [noProxy, url] of proxied)
    assert.equal(proxyFor(new URL(url), env(noProxy))?.host, 'p', `${noProxy} ${url}`);
});

test('the variables: by scheme, in either case, not HTTP_PROXY in a CGI process', () => {
  const plain = new URL('http://a.example/');
  const secure = new URL('https://a.example/');
  assert.equal(proxyFor(plain, { HTTPS_PROXY: 'http://p' }), undefined);
  assert.equal(proxyFor(secure, { HTTP_PROXY: 'http://p' }), undefined);
  assert.equal(proxyFor(secure, { https_proxy: 'p:3128' })?.port, 3128);
  assert.equal(proxyFor(plain, { HTTP_PROXY: 'http://p', REQUEST_METHOD: 'GET' }), undefined);
  assert.equal(proxyFor(secure, { HTTPS_PROXY: '' }), undefined);
  const authenticated = proxyFor(secure, { HTTPS_PROXY: 'https://u%40x:p%3A@p' });
  assert.deepEqual(authenticated, {
    host: 'p',
    port: 443,
    secure: true,
    authorization: `Basic ${Buffer.from('u@x:p:').toString('base64')}`,
  });
  for (const value of ['socks5://p', 'http://', 'http://a b']) {
    assert.throws(() => proxyFor(secure, { HTTPS_PROXY: value }), { code: 'REGISTRY_PROXY' }, value);
  }
});

for (const secureProxy of [false, true]) {
  test(`A4, F9: https through ${secureProxy ? 'an https' : 'an http'} proxy: a tunnel, whose credential the registry never sees`, async (t) => {
    const authority = certificateAuthority();
    const directory = await tempDir(t);
    const client = authority.issue({ subject: 'client', names: ['client.test'] });
    const files = {
      caFile: join(directory, 'ca.pem'),
      clientCertFile: join(directory, 'c.pem'),
      clientKeyFile: join(directory, 'k.pem'),
    };
    await writeFile(files.caFile, authority.cert);
    await writeFile(files.clientCertFile, client.cert);
    await writeFile(files.clientKeyFile, client.key);
    const heads: IncomingMessage[] = [];
    const registry = createHttpsServer(
      { ...authority.issue({ names: ['registry.test'] }), requestCert: true, ca: authority.cert },
      (request, response) => {
        heads.push(request);
        response.end('through');
      },
    );
    const { address } = await listenOnLoopback(t, registry as never);
    const proxy = await startProxy(t, address, secureProxy ? { tls: authority.issue() } : {});
    const HTTPS_PROXY = `${secureProxy ? 'https' : 'http'}://puser:c4nary@${proxy.address}`;
    const environment = fakeEnvironment({ env: { HTTPS_PROXY, SSL_CERT_FILE: files.caFile } });
    await using transport = openTransport({ environment, registries: { 'registry.test': files } });
    for (let round = 0; round < 2; round += 1)
      assert.equal(await textOf(ask(transport, 'registry.test', '/v2/', {}, ONCE)), 'through');
    assert.deepEqual(proxy.requests, [
      { method: 'CONNECT', target: 'registry.test:443', authorization: CREDENTIAL, clientCertificate: false },
    ]);
    assert.equal(heads.length, 2);
    for (const { headers } of heads) assert.equal(headers['proxy-authorization'], undefined);
    assert.deepEqual(environment.lookups, []);
  });
}

test('F9: plain http through a proxy: the proxy gets the whole URL and its credential', async (t) => {
  const proxy = await startProxy(t, '');
  const environment = fakeEnvironment({ env: { HTTP_PROXY: `http://puser:c4nary@${proxy.address}` } });
  await using transport = openTransport({ environment, registries: { 'registry.test': { plainHttp: true } } });
  assert.equal(await textOf(ask(transport, 'registry.test', '/v2/x?n=1')), 'by the proxy');
  const [request] = proxy.requests;
  assert.equal(request?.target, 'http://registry.test/v2/x?n=1');
  assert.equal(request?.authorization, CREDENTIAL);
});

test('F9: a proxy that refuses, wants a password, drops or is not there', async (t) => {
  const status = (code: number) => (socket: Socket) =>
    void socket.end(`HTTP/1.1 ${code} No\r\ncontent-length: 0\r\n\r\n`);
  const table: readonly (readonly [(socket: Socket) => void, boolean, RegExp])[] = [
    [status(403), false, /does not connect to registry\.test:443 \(status 403\)/],
    [status(407), false, /wants a user name and password/],
    [status(502), true, /status 502/],
    [(socket) => void socket.destroy(), true, /dropped the connection/],
    [(socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\nbytes before their time'), false, /bytes of its own/],
  ];
  for (const [connects, retryable, message] of table) {
    const proxy = await startProxy(t, '', { connects });
    const environment = fakeEnvironment({ env: { HTTPS_PROXY: `http://puser:c4nary@${proxy.address}` } });
    await using transport = openTransport({ environment });
    const failure = await ask(transport, 'registry.test', '/v2/', {}, ONCE).catch((error) => error);
    assert.equal(failure.code, 'REGISTRY_PROXY', failure.message);
    assert.match(failure.message, message);
    assert.equal(failure.retryable, retryable, failure.message);
    assert.doesNotMatch(inspect(failure, { depth: 9 }), /c4nary/);
    assert.ok(!inspect(failure, { depth: 9 }).includes(CREDENTIAL.slice(6)));
  }
  const environment = fakeEnvironment({ env: { HTTPS_PROXY: 'http://127.0.0.1:1' } });
  await using transport = openTransport({ environment });
  await assert.rejects(ask(transport, 'registry.test', '/v2/', {}, ONCE), { code: 'REGISTRY_PROXY' });
  const wants = await serveHttp(t, (_request, response) => response.writeHead(407).end());
  await using plain = openTransport({
    environment: fakeEnvironment({ env: { HTTP_PROXY: wants.address } }),
    registries: { 'r.test': { plainHttp: true } },
  });
  await assert.rejects(ask(plain, 'r.test', '/v2/', {}, ONCE), { code: 'REGISTRY_PROXY' });
});

test('F9: userinfo that is not percent-encoding makes no usable proxy, and is not shown', () => {
  const refused = (error: Error & { code?: string }): boolean =>
    error.code === 'REGISTRY_PROXY' && !inspect(error, { depth: 9 }).includes('c4nary');
  const env = { HTTPS_PROXY: 'http://user:c4nary%@proxy.test:3128' };
  assert.throws(() => proxyFor(new URL('https://registry.test/'), env), refused);
});

test('A12: literal addresses that a registry behind a proxy names are refused without asking the proxy', async (t) => {
  const requests: string[] = [];
  const proxy = await serveHttp(t, (request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(307, { location: 'http://169.254.169.254/latest' }).end();
  });
  const environment = fakeEnvironment({ env: { HTTP_PROXY: proxy.address } });
  await using transport = openTransport({ environment, registries: { 'registry.test': { plainHttp: true } } });
  await assert.rejects(ask(transport, 'registry.test', '/v2/'), { code: 'REGISTRY_ADDRESS_REFUSED' });
  assert.deepEqual(requests, ['http://registry.test/v2/']);
});
