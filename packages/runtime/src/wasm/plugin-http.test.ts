import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Environment, isGantryError, type OpEvent, systemEnvironment } from '@gantry/oci';
import { install } from '../installed.fixture.ts';
import type { Grants, Plugin } from '../plugin.ts';
import { assemblePlugin } from '../wat.fixture.ts';
import { openWasmRuntime } from './wasm-runtime.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const code = (expected: string) => (error: unknown) => isGantryError(error) && error.code === expected;

// The input is the JSON of the request; the body is the JSON once more, so that there is one.
const FETCH = `(func (export "fetch") (result i32) (local $at i64)
  (local.set $at (call $http_request (call $input_offset) (call $input_offset)))
  (call $output_set (local.get $at) (call $length (local.get $at)))
  (call $http_status_code))
  (func (export "get") (result i32) (local $at i64)
  (local.set $at (call $http_request (call $input_offset) (i64.const 0)))
  (call $output_set (local.get $at) (call $length (local.get $at)))
  (i32.const 0))`;

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

/** Names resolve as the table says; every allowed connection ends on loopback, whatever address was meant. */
function world(names: Record<string, readonly string[]>): { environment: Environment; dialled: string[] } {
  const dialled: string[] = [];
  const environment: Environment = {
    ...systemEnvironment(),
    lookup: async (host) =>
      (names[host] ?? []).map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    connect: ({ host, port }) => {
      dialled.push(host);
      return connect({ host: '127.0.0.1', port });
    },
  };
  return { environment, dialled };
}

async function load(t: TestContext, grants: Grants, environment: Environment): Promise<Plugin> {
  const installed = await install(t, 'wasm', assemblePlugin(FETCH));
  const plugin = await openWasmRuntime({ environment }).load(installed, grants);
  t.after(() => plugin[Symbol.asyncDispose]());
  return plugin;
}

const ask = (url: string, more: object = {}): Uint8Array => Buffer.from(JSON.stringify({ url, ...more }));

test('a granted host is asked with method, headers and body, and its answer comes back', async (t) => {
  const { port, seen } = await serve(t, (_, response) => response.writeHead(200).end('hello'));
  const { environment } = world({ 'api.example': ['192.88.99.1'] });
  const plugin = await load(t, { hosts: ['API.example.'] }, environment);
  const request = ask(`http://api.example:${port}/path?q=1`, { method: 'post', headers: { 'x-key': 'k' } });
  const events: OpEvent[] = [];
  const { output, exitCode } = await plugin.run(
    { name: 'fetch', input: request },
    { onEvent: (event) => events.push(event) },
  );
  assert.deepEqual([text(output), exitCode], ['hello', 200]);
  const [only] = seen;
  assert.deepEqual(
    [only?.method, only?.url, only?.headers['x-key'], only?.body],
    ['POST', '/path?q=1', 'k', text(request)],
  );
  const [event] = events;
  assert.ok(event?.type === 'request');
  assert.deepEqual([event.url, event.status, event.bytesReceived], [`http://api.example:${port}/path`, 200, 5]);
});

test('R5: hosts match exactly or below a dot, in every spelling', async (t) => {
  const { port } = await serve(t, (_, response) => response.end('ok'));
  const { environment, dialled } = world(
    new Proxy<Record<string, readonly string[]>>({}, { get: () => ['192.88.99.1'] }),
  );
  const plugin = await load(t, { hosts: ['a.example.com', '*.wild.example', '127.0.0.1', '::1'] }, environment);
  for (const [host, granted] of [
    ['a.example.com', true],
    ['A.EXAMPLE.COM.', true],
    ['x.wild.example', true],
    ['x.y.wild.example', true],
    ['127.0.0.1', true],
    ['0x7f.1', true],
    ['2130706433', true],
    ['[::1]', true],
    ['[::ffff:7f00:1]', true],
    ['a.example.com.evil', false],
    ['xa.example.com', false],
    ['b.a.example.com', false],
    ['wild.example', false],
    ['evilwild.example', false],
    ['127.0.0.2', false],
    ['localhost', false],
    ['[::2]', false],
  ] as const) {
    dialled.length = 0;
    const asked = plugin.call('get', ask(`http://${host}:${port}/`));
    if (granted) assert.equal(text(await asked), 'ok', host);
    else {
      await assert.rejects(asked, code('RUNTIME_NOT_GRANTED'), host);
      assert.deepEqual(dialled, [], host);
    }
  }
  for (const url of ['file:///etc/passwd', 'ftp://a.example.com/', 'http://user:pw@a.example.com/']) {
    await assert.rejects(plugin.call('get', ask(url)), code('RUNTIME_NOT_GRANTED'), url);
  }
});

test('R5: the address is checked when it is dialled: none that is reserved, below a wildcard only public ones', async (t) => {
  const { port } = await serve(t, (_, response) => response.end('ok'));
  const addresses = {
    '192.88.99.1': [true, true],
    '10.0.0.1': [true, false],
    '127.0.0.1': [true, false],
    'fd00::1': [true, false],
    '169.254.169.254': [false, false],
    '::ffff:169.254.169.254': [false, false],
    'fe80::1': [false, false],
    '0.0.0.0': [false, false],
  };
  for (const [address, [named, wild]] of Object.entries(addresses)) {
    const { environment, dialled } = world({ 'named.example': [address], 'x.wild.example': [address] });
    const plugin = await load(t, { hosts: ['named.example', '*.wild.example'] }, environment);
    for (const [host, granted] of [
      ['named.example', named],
      ['x.wild.example', wild],
    ] as const) {
      dialled.length = 0;
      const asked = plugin.call('get', ask(`http://${host}:${port}/`));
      if (granted) assert.equal(text(await asked), 'ok', `${host} ${address}`);
      else await assert.rejects(asked, code('RUNTIME_NOT_GRANTED'), `${host} ${address}`);
      assert.deepEqual(dialled, granted ? [address] : [], `${host} ${address}`);
    }
  }
});

test('R5, A12: a name that changes its address between two requests does not get through', async (t) => {
  const { port } = await serve(t, (_, response) => response.end('ok'));
  const { environment, dialled } = world({});
  const answers = ['192.88.99.1', '169.254.169.254'];
  const rebinding: Environment = {
    ...environment,
    lookup: async () => [{ address: answers.shift() ?? '', family: 4 }],
  };
  const plugin = await load(t, { hosts: ['api.example'] }, rebinding);
  assert.equal(text(await plugin.call('get', ask(`http://api.example:${port}/`))), 'ok');
  await assert.rejects(plugin.call('get', ask(`http://api.example:${port}/`)), code('RUNTIME_NOT_GRANTED'));
  assert.deepEqual(dialled, ['192.88.99.1']);
});

test('R5: every hop of a redirect is checked, and headers stay with their origin', async (t) => {
  const sink = await serve(t, (_, response) => response.end('sink'));
  const { environment } = world({
    'a.example': ['192.88.99.1'],
    'b.example': ['192.88.99.1'],
    'c.example': ['192.88.99.1'],
  });
  let location = '';
  let status = 302;
  const { port, seen } = await serve(t, (request, response) => {
    if (request.url === '/end') response.end('end');
    else response.writeHead(status, { location }).end();
  });
  const plugin = await load(t, { hosts: ['a.example', 'b.example'] }, environment);
  const request = ask(`http://a.example:${port}/`, { method: 'POST', headers: { authorization: 'Bearer canary' } });

  for (const target of [
    `http://c.example:${sink.port}/`,
    `http://127.0.0.1:${sink.port}/`,
    'http://169.254.169.254/latest/meta-data',
    `http://user@b.example:${sink.port}/`,
    'file:///etc/passwd',
  ]) {
    location = target;
    await assert.rejects(plugin.call('fetch', request), code('RUNTIME_NOT_GRANTED'), target);
  }
  assert.equal(sink.seen.length, 0);

  location = `http://b.example:${sink.port}/`;
  for (status of [301, 302, 303, 307, 308]) {
    sink.seen.length = 0;
    assert.equal(text((await plugin.run({ name: 'fetch', input: request })).output), 'sink');
    assert.equal(sink.seen[0]?.headers.authorization, undefined);
    assert.equal(sink.seen[0]?.method, status < 304 ? 'GET' : 'POST');
    assert.equal(sink.seen[0]?.body, status < 304 ? '' : text(request));
  }

  seen.length = 0;
  location = '/end';
  assert.equal(text((await plugin.run({ name: 'fetch', input: request })).output), 'end');
  assert.equal(seen[1]?.headers.authorization, 'Bearer canary');

  location = '/loop';
  await assert.rejects(plugin.call('fetch', request), /redirected more than 5 times/);
});

test('redirects are followed up to the limit', async (t) => {
  const { environment } = world({ 'a.example': ['192.88.99.1'] });
  const { port } = await serve(t, (request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end('end');
    else response.writeHead(302, { location: `/${left - 1}` }).end();
  });
  const plugin = await load(t, { hosts: ['a.example'] }, environment);
  const op = { limits: { pluginHttpRedirects: 2 } };
  const get = (hops: number): Promise<Uint8Array> => plugin.call('get', ask(`http://a.example:${port}/${hops}`), op);
  assert.equal(text(await get(1)), 'end');
  assert.equal(text(await get(2)), 'end');
  await assert.rejects(get(3), code('RUNTIME_HTTP'));
});

test('R4: the answer has a limit', async (t) => {
  const { environment } = world({ 'a.example': ['192.88.99.1'] });
  const { port } = await serve(t, (request, response) => response.end('x'.repeat(Number(request.url?.slice(1)))));
  const plugin = await load(t, { hosts: ['a.example'] }, environment);
  const op = { limits: { pluginHttpBytes: 100 } };
  const get = (size: number): Promise<Uint8Array> => plugin.call('get', ask(`http://a.example:${port}/${size}`), op);
  assert.equal((await get(99)).length, 99);
  assert.equal((await get(100)).length, 100);
  await assert.rejects(get(101), code('RUNTIME_HTTP'));
});

test('what cannot be sent or gets no answer is an error without a secret in it', async (t) => {
  const { environment } = world({ 'a.example': ['192.88.99.1'] });
  const { port } = await serve(t, (request) => request.socket.destroy());
  const plugin = await load(t, { hosts: ['a.example', 'unknown.example'] }, environment);
  for (const [url, more] of [
    [`http://a.example:${port}/?token=canary`, {}],
    ['http://unknown.example/?token=canary', {}],
    ['http://a.example:0/?token=canary', {}],
    ['not a url canary', {}],
    [`http://a.example:${port}/`, { headers: { Host: 'evil.example' } }],
    [`http://a.example:${port}/`, { headers: { 'Transfer-Encoding': 'chunked' } }],
    [`http://a.example:${port}/`, { headers: { 'x-key': 'canary\r\nx-evil: 1' } }],
    [`http://a.example:${port}/`, { method: 'GET / HTTP/1.1\r\nx: canary' }],
  ] as const) {
    await assert.rejects(
      plugin.call('get', ask(url, more)),
      (error) => code('RUNTIME_HTTP')(error) && !JSON.stringify([(error as Error).message, error]).includes('canary'),
      url,
    );
  }
  await assert.rejects(plugin.call('get', Buffer.from('{"url":1}')), code('RUNTIME_TRAP'));
});

test('R2: a request that gets no answer ends at the deadline of the call, connection included', async (t) => {
  const { environment } = world({ 'a.example': ['192.88.99.1'] });
  let closed: Promise<unknown> | undefined;
  const { port } = await serve(t, (request) => {
    closed = new Promise((resolve) => request.socket.once('close', resolve));
  });
  const plugin = await load(t, { hosts: ['a.example'], timeout: 300 }, environment);
  const { failure } = await plugin.run({ name: 'get', input: ask(`http://a.example:${port}/`) });
  assert.ok(code('RUNTIME_TIMEOUT')(failure));
  await closed;
});
