import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { fakeEnvironment, listenOnLoopback, scriptedRegistry } from '@gantry/testkit';
import type { OpEvent } from '../op.ts';
import { ask, serveHttp, textOf } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';
import type { TransportOptions } from './transport.ts';

/** Gives up at once: for faults that would come again. */
const ONCE = { retries: 1 };
const open = (options: TransportOptions = {}): ReturnType<typeof openTransport> =>
  openTransport({ environment: fakeEnvironment(), ...options });

/** A server that writes raw bytes, whatever is asked. */
async function serveRaw(t: Parameters<typeof listenOnLoopback>[0], answer: string, end = true): Promise<string> {
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(answer);
      if (end) socket.end();
    });
  });
  return (await listenOnLoopback(t, server)).address;
}

test('F3: a connection that ends before the body does is an error with the bytes that came', async (t) => {
  const truncated = [
    'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n',
  ];
  for (const raw of truncated) {
    const registry = await serveRaw(t, raw);
    await using transport = open();
    const answer = await ask(transport, registry, '/v2/', {}, { limits: ONCE });
    let text = '';
    const read = async (): Promise<void> => {
      for await (const chunk of answer.body) text += Buffer.from(chunk).toString();
    };
    await assert.rejects(read(), {
      code: 'REGISTRY_UNREACHABLE',
      retryable: true,
      details: { bytes: 5, reason: 'ECONNRESET' },
    });
    assert.equal(text, 'hello');
  }
});

test('A11: what a server sends back instead of HTTP is nowhere in the error', async (t) => {
  const registry = await serveRaw(t, 'authorization: Bearer c4nary\r\n\r\n');
  await using transport = open();
  const failure = await ask(transport, registry, '/v2/', {}, { limits: ONCE }).catch((error: unknown) => error);
  const bytes = Buffer.from('c4nary').toString('hex').match(/../g)?.join(' ') ?? '';
  const shown = inspect(failure, { depth: null, showHidden: true });
  assert.match(shown, /HPE_/);
  assert.ok(!shown.includes('c4nary') && !shown.includes(bytes));
});

test('F3: what is not HTTP, or no answer at all', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['', 'REGISTRY_UNREACHABLE'],
    ['HTTP/1.1 200 OK\r\ncontent-le', 'REGISTRY_UNREACHABLE'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'REGISTRY_PROTOCOL'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 'REGISTRY_PROTOCOL'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', 'REGISTRY_PROTOCOL'],
  ];
  for (const [raw, code] of table) {
    const registry = await serveRaw(t, raw);
    await using transport = open();
    await assert.rejects(ask(transport, registry, '/v2/', {}, { limits: ONCE }), { code }, raw);
  }
});

test('headers longer than the limit are an error', async (t) => {
  const answer = (size: number): string => `HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ${'a'.repeat(size)}\r\n\r\n`;
  const overhead = answer(0).length - 'HTTP/1.1 200 OK\r\n'.length;
  const limits = { ...ONCE, headerBytes: 2000 };
  await using transport = open();
  const small = await serveRaw(t, answer(1000 - overhead));
  await (await ask(transport, small, '/v2/', {}, { limits })).discard();
  const big = await serveRaw(t, answer(3000));
  await assert.rejects(ask(transport, big, '/v2/', {}, { limits }), { code: 'REGISTRY_LIMIT' });
});

test('F4: headers that do not come, bodies that stall, interim answers without end', async (t) => {
  const rules = [
    { path: '/v2/head', stall: 'head' as const },
    { path: '/v2/body', body: 'x'.repeat(100), stall: 99 },
    { path: '/v2/interim', interim: Number.POSITIVE_INFINITY },
  ];
  const registry = await scriptedRegistry(t, rules);
  await using transport = open();
  const limits = { ...ONCE, requestTimeout: 60, idleTimeout: 30 };
  const timeout = (limit: string): object => ({
    code: 'REGISTRY_TIMEOUT',
    retryable: true,
    details: { limit, milliseconds: limits.requestTimeout },
  });
  await assert.rejects(ask(transport, registry.address, '/v2/head', {}, { limits }), timeout('requestTimeout'));
  await assert.rejects(ask(transport, registry.address, '/v2/interim', {}, { limits }), timeout('requestTimeout'));
  await assert.rejects(textOf(ask(transport, registry.address, '/v2/body', {}, { limits })), {
    code: 'REGISTRY_TIMEOUT',
    details: { limit: 'idleTimeout', bytes: 99 },
  });
});

test('F4: a body that drips is slower than the minimum rate', async (t) => {
  const registry = await scriptedRegistry(t, [
    { path: '/v2/drip', body: 'x'.repeat(10_000), drip: { bytes: 1, pause: 4 } },
  ]);
  await using transport = open();
  const limits = { ...ONCE, idleTimeout: 80, minimumRate: 10_000 };
  const failure = await textOf(ask(transport, registry.address, '/v2/drip', {}, { limits })).catch((error) => error);
  assert.equal(failure.code, 'REGISTRY_TIMEOUT');
  assert.equal(failure.details.limit, 'minimumRate');
});

test('F4: a slow reader is no slow server', async (t) => {
  const registry = await serveHttp(t, (_request, response) => void response.end(Buffer.alloc(4_000_000, 'a')));
  await using transport = open();
  const answer = await ask(transport, registry.address, '/v2/', {}, { limits: { idleTimeout: 40, minimumRate: 1e6 } });
  let size = 0;
  for await (const chunk of answer.body) {
    if (size === 0) await new Promise((resolve) => setTimeout(resolve, 120));
    size += chunk.length;
  }
  assert.equal(size, 4_000_000);
});

test('F4: nobody takes the body of a request', async (t) => {
  const server = createServer((socket) => void socket.pause());
  const { address } = await listenOnLoopback(t, server);
  await using transport = open();
  const chunk = Buffer.alloc(1_000_000);
  const body = { length: 100_000_000, content: () => new Array(100).fill(chunk) as Uint8Array[] };
  await assert.rejects(
    ask(transport, address, '/v2/', { method: 'PUT', body }, { limits: { ...ONCE, idleTimeout: 50 } }),
    {
      code: 'REGISTRY_TIMEOUT',
      details: { limit: 'idleTimeout', milliseconds: 50 },
    },
  );
});

test('F4: a connection that is never made', async () => {
  const environment = { ...fakeEnvironment(), lookup: () => new Promise<never>(() => {}) };
  await using transport = open({ environment });
  await assert.rejects(ask(transport, 'registry.test', '/v2/', {}, { limits: { ...ONCE, connectTimeout: 20 } }), {
    code: 'REGISTRY_TIMEOUT',
    details: { limit: 'connectTimeout', milliseconds: 20, host: 'registry.test', port: 443 },
  });
});

test('F6: names that do not resolve, addresses that are dead', async (t) => {
  const { address } = await serveHttp(t, (_request, response) => void response.end('alive'));
  const servfail = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
  const lookup = {
    'servfail.test': servfail,
    'recovers.test': [servfail, { addresses: ['93.184.216.34'] }],
    'dual.test': { addresses: ['2606:2800:220:1::1', '93.184.216.34'] },
    'none.test': { addresses: [] },
  };
  const route = { '93.184.216.34:80': address, '2606:2800:220:1::1:80': '127.0.0.1:1' };
  const plain = { plainHttp: true };
  const registries = Object.fromEntries([...Object.keys(lookup), 'nx.test'].map((name) => [name, plain]));
  const system = fakeEnvironment({ lookup, route });
  const environment = {
    ...system,
    lookups: system.lookups,
    sleep: (ms: number, signal?: AbortSignal) => (ms < 5000 ? Promise.resolve() : system.sleep(ms, signal)),
  };
  await using transport = open({ environment, registries });
  const reason = (code: string): object => ({
    code: 'REGISTRY_UNREACHABLE',
    details: { host: code === 'ENOTFOUND' ? 'nx.test' : 'servfail.test', reason: code },
  });
  await assert.rejects(ask(transport, 'nx.test', '/v2/'), { ...reason('ENOTFOUND'), retryable: false });
  assert.equal(system.lookups.filter((host) => host === 'nx.test').length, 1);
  await assert.rejects(ask(transport, 'servfail.test', '/v2/'), { ...reason('EAI_AGAIN'), retryable: true });
  assert.equal(system.lookups.filter((host) => host === 'servfail.test').length, 5);
  await assert.rejects(ask(transport, 'none.test', '/v2/', {}, { limits: ONCE }), { code: 'REGISTRY_UNREACHABLE' });
  assert.equal(await textOf(ask(transport, 'recovers.test', '/v2/')), 'alive');
  assert.equal(await textOf(ask(transport, 'dual.test', '/v2/')), 'alive');
});

test('F6: a dead address does not hold up the other family', async (t) => {
  const { address } = await serveHttp(t, (_request, response) => void response.end('alive'));
  const hung = createServer().listen();
  t.after(() => void hung.close());
  const fake = fakeEnvironment({
    lookup: { 'dual.test': { addresses: ['2606:2800:220:1::1', '93.184.216.34'] } },
    route: { '93.184.216.34:80': address },
  });
  const { Socket } = await import('node:net');
  const hanging = new Socket();
  const environment = {
    ...fake,
    connect: (to: { host: string; port: number }) => (to.host.includes(':') ? hanging : fake.connect(to)),
  };
  await using transport = open({ environment, registries: { 'dual.test': { plainHttp: true } } });
  assert.equal(await textOf(ask(transport, 'dual.test', '/v2/')), 'alive');
  assert.equal(hanging.destroyed, true);
});

test('F11: a kept connection that the server closed is replaced for GET and HEAD, without a retry', async (t) => {
  const registry = await scriptedRegistry(t, [{ path: '/v2/', status: 200, body: 'x', hangUp: 'silent' }]);
  await using transport = open();
  const events: OpEvent[] = [];
  const op = { limits: ONCE, onEvent: (event: OpEvent): void => void events.push(event) };
  for (let round = 0; round < 4; round += 1) {
    assert.equal(await textOf(ask(transport, registry.address, '/v2/', {}, op)), 'x');
    await (await ask(transport, registry.address, '/v2/', { method: 'HEAD' }, op)).discard();
  }
  assert.deepEqual(
    events.filter((event) => event.type === 'retry'),
    [],
  );
});

test('B13: an encoded blob is refused, an encoded document is decoded once within its limit', async (t) => {
  const document = JSON.stringify({ schemaVersion: 2, padding: 'a'.repeat(1000) });
  const encoded = gzipSync(document);
  let encoding = 'gzip';
  const { address, requests } = await serveHttp(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end(encoded);
  });
  await using transport = open();
  const get = (): ReturnType<typeof ask> => ask(transport, address, '/v2/');
  const iterate = async (): Promise<void> => {
    for await (const _ of (await get()).body) assert.fail('no byte of it is given out');
  };
  await assert.rejects(iterate(), { code: 'CONTENT_ENCODED' });
  assert.equal(requests[0]?.headers['accept-encoding'], 'identity');
  assert.equal(Buffer.from(await (await get()).bytes(document.length)).toString(), document);
  await assert.rejects((await get()).bytes(document.length - 1), { code: 'REGISTRY_LIMIT' });
  for (encoding of ['br', 'gzip, gzip', new Array(1000).fill('gzip').join(', '), 'unknown', 'deflate']) {
    await assert.rejects(iterate(), { code: 'CONTENT_ENCODED' });
    await assert.rejects((await get()).bytes(10_000), { code: 'CONTENT_ENCODED' }, encoding);
  }
  encoding = 'identity';
  assert.equal((await (await get()).bytes(10_000)).length, encoded.length);
});

test('a whole document is read up to its limit, never cut', async (t) => {
  const { address } = await serveHttp(t, (request, response) => {
    if (request.url === '/v2/chunked') response.write('12345');
    response.end(request.url === '/v2/chunked' ? '67890' : '1234567890');
  });
  await using transport = open();
  for (const path of ['/v2/length', '/v2/chunked']) {
    for (const limit of [10, 11]) assert.equal((await (await ask(transport, address, path)).bytes(limit)).length, 10);
    await assert.rejects((await ask(transport, address, path)).bytes(9), { code: 'REGISTRY_LIMIT' });
  }
});

test('a body of another length than promised is not sent as if it were whole', async (t) => {
  const { address } = await serveHttp(t, (request, response) => {
    request.on('end', () => response.end()).resume();
  });
  await using transport = open();
  for (const length of [2, 4]) {
    const body = { length, content: () => [Buffer.from('abc')] };
    await assert.rejects(ask(transport, address, '/v2/', { method: 'PUT', body }), { code: 'CONTENT_SIZE_MISMATCH' });
  }
  const broken = new Error('disk');
  const content = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    throw broken;
  };
  await assert.rejects(ask(transport, address, '/v2/', { method: 'PUT', body: { length: 3, content } }), broken);
});

test('a registry warning is told once, escaped', async (t) => {
  const registry = await serveHttp(t, (_request, response) => {
    response
      .writeHead(200, { warning: ['299 - "old \\"client\\" \u0085[2J"', '199 - "other"', '299 - "second"'] as never })
      .end();
  });
  await using transport = open();
  const warnings: string[] = [];
  const onEvent = (event: OpEvent): void => {
    if (event.type === 'warning') warnings.push(`${event.from}: ${event.message}`);
  };
  for (let round = 0; round < 3; round += 1)
    await (await ask(transport, registry.address, '/v2/', {}, { onEvent })).discard();
  assert.deepEqual(warnings, [`${registry.address}: old "client" \\u{85}[2J`, `${registry.address}: second`]);
});

test('at most connectionsPerOrigin connections, however many requests', async (t) => {
  const registry = await scriptedRegistry(t, [{ path: '/v2/', status: 200, body: 'x', delay: 5 }]);
  await using transport = open();
  const op = { limits: { connectionsPerOrigin: 3 } };
  const all = Array.from({ length: 20 }, () => textOf(ask(transport, registry.address, '/v2/', {}, op)));
  assert.deepEqual(new Set(await Promise.all(all)), new Set(['x']));
  assert.equal(registry.connections(), 3);
});

test('A6: a registry that redirects every request to another host leaves no more than some connections behind', async (t) => {
  const CDN = 140;
  const sink = await serveHttp(t, (_request, response) => void response.end('blob'));
  const hosts = Array.from({ length: CDN }, (_, index) => `127.1.0.${index}:80`);
  let asked = 0;
  const registry = await serveHttp(t, (_request, response) => {
    response.writeHead(307, { location: `http://${hosts[asked++]?.replace(':80', '')}/blob` }).end();
  });
  const sockets: Socket[] = [];
  const environment = fakeEnvironment({ route: Object.fromEntries(hosts.map((host) => [host, sink.address])) });
  const connect: typeof environment.connect = (address) => {
    const socket = environment.connect(address);
    sockets.push(socket);
    return socket;
  };
  await using transport = openTransport({ environment: { ...environment, connect } });
  for (let round = 0; round < CDN; round += 1) {
    assert.equal(await textOf(ask(transport, registry.address, '/v2/')), 'blob');
  }
  const open = sockets.filter(({ destroyed }) => !destroyed).length;
  assert.ok(open > 1 && open <= 100, `${open} connections`);
});

test('a connection that nobody uses is closed after idleConnection', async (t) => {
  const server = createHttpServer((_request, response) => response.end('x'));
  server.keepAliveTimeout = 0;
  const { address } = await listenOnLoopback(t, server);
  const environment = fakeEnvironment();
  const sockets: Socket[] = [];
  const connect: typeof environment.connect = (address) => {
    const socket = environment.connect(address);
    sockets.push(socket);
    return socket;
  };
  await using transport = openTransport({ environment: { ...environment, connect } });
  await textOf(ask(transport, address, '/v2/', {}, { limits: { idleConnection: 20 } }));
  const [socket] = sockets;
  assert.ok(socket !== undefined);
  const ended = t.mock.fn();
  socket.on('end', ended);
  if (!socket.destroyed) await once(socket, 'close');
  assert.equal(ended.mock.callCount(), 0, 'the server closed it');
});
