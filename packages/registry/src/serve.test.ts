import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { digestOf, isGantryError } from '@gantry/oci';
import {
  memoryStorage,
  type RegistryOptions,
  type RegistryServer,
  type RegistryStorage,
  serveRegistry,
} from './index.ts';

async function serve(
  t: { after(work: () => Promise<void>): void },
  options: Partial<RegistryOptions> = {},
): Promise<RegistryServer> {
  const server = await serveRegistry({ storage: memoryStorage(), ...options });
  t.after(() => server.close());
  return server;
}

test('listens on a free port of loopback, and says where', async (t) => {
  const server = await serve(t);
  assert.match(server.address, /^127\.0\.0\.1:\d+$/);
  assert.equal(server.url, `http://${server.address}`);
  assert.equal((await fetch(`${server.url}/v2/`)).status, 200);
});

test('writes an IPv6 address as references do', async (t) => {
  let server: RegistryServer;
  try {
    server = await serve(t, { host: '::1' });
  } catch (error) {
    return t.skip(`no IPv6 here: ${String(error)}`);
  }
  assert.match(server.address, /^\[::1\]:\d+$/);
  assert.equal((await fetch(`${server.url}/v2/`)).status, 200);
});

test('REGISTRY_LISTEN: a port that is taken', async (t) => {
  const first = await serve(t);
  const port = Number(first.address.split(':')[1]);
  await assert.rejects(serveRegistry({ storage: memoryStorage(), port }), (error) => {
    assert.ok(isGantryError(error));
    assert.deepEqual(
      [error.code, error.message],
      ['REGISTRY_LISTEN', `cannot listen on 127.0.0.1:${port}: EADDRINUSE`],
    );
    return true;
  });
});

test('REGISTRY_LISTEN: an address of another machine is not helped by another port', async () => {
  // Reserved for documentation, so no machine has it.
  await assert.rejects(serveRegistry({ storage: memoryStorage(), host: '192.0.2.1' }), {
    code: 'REGISTRY_LISTEN',
    hint: 'name an address of this machine with --host',
  });
});

test('closing finishes what is running, keeps nobody waiting, and can be repeated', async (t) => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = await serve(t, {
    onRequest: async (request, _response, next) => {
      if (request.url === '/v2/?slow') {
        arrived();
        await held;
      }
      await next();
    },
  });
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const idle = httpRequest(`${server.url}/v2/`, { agent }).end();
  const [first] = (await once(idle, 'response')) as [IncomingMessage];
  await once(first.resume(), 'end');
  const running = httpRequest(`${server.url}/v2/?slow`, { agent: new Agent({ keepAlive: true }) }).end();
  await arrival;

  const closed = server.close();
  release();
  const [response] = (await once(running, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  response.resume();
  await closed;
  await server.close();
  await assert.rejects(fetch(`${server.url}/v2/`));
});

test('closing waits for no client that has sent nothing, or only the beginning of a request', async (t) => {
  const server = await serve(t);
  const sent = ['', 'GET /v2/ HT', 'GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\nGET /v2/ HT'];
  const ends: Promise<unknown>[] = [];
  for (const text of sent) {
    const socket = connect(Number(server.address.split(':')[1]), '127.0.0.1');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(text);
    if (text.includes('Host')) await once(socket, 'data');
    ends.push(once(socket.resume(), 'close'));
  }
  await server.close();
  await Promise.all(ends);
});

test('closing lets both of two requests finish that came over one connection at once', async (t) => {
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const server = await serve(t, {
    onRequest: async (request, _response, next) => {
      if (request.url === '/v2/?second') arrived.resolve();
      await held.promise;
      await next();
    },
  });
  const socket = connect(Number(server.address.split(':')[1]), '127.0.0.1');
  socket.write(['first', 'second'].map((name) => `GET /v2/?${name} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
  await arrived.promise;
  const closed = server.close();
  held.resolve();
  let text = '';
  for await (const chunk of socket) text += chunk;
  await closed;
  assert.equal(text.split('HTTP/1.1 200').length - 1, 2);
});

test('a hook may answer itself, and a hook that fails ends the connection', async (t) => {
  const server = await serve(t, {
    onRequest: async (request, response, next) => {
      if (request.url === '/v2/?fail') throw new Error('broken hook');
      if (request.url !== '/v2/?own') return next();
      response.writeHead(299).end();
    },
  });
  assert.equal((await fetch(`${server.url}/v2/?own`)).status, 299);
  await assert.rejects(fetch(`${server.url}/v2/?fail`));
  assert.equal((await fetch(`${server.url}/v2/`)).status, 200);
});

test('F4: a client that falls silent is cut off', async (t) => {
  const server = await serve(t, { limits: { servedIdleTimeout: 30 } });
  const { headers } = await fetch(`${server.url}/v2/a/blobs/uploads/`, { method: 'POST' });
  const stalled = httpRequest(new URL(headers.get('location') ?? '', server.url), {
    method: 'PATCH',
    headers: { 'content-length': 10 },
  });
  stalled.write('half');
  await assert.rejects(once(stalled, 'response'), { code: 'ECONNRESET' });
});

test('a storage that fails is a 500 that tells nothing', async (t) => {
  const storage = { ...memoryStorage(), tags: () => Promise.reject(new Error('EIO: /secret/path')) };
  const server = await serve(t, { storage });
  const answer = await fetch(`${server.url}/v2/a/tags/list`);
  assert.equal(answer.status, 500);
  assert.doesNotMatch(await answer.text(), /secret|EIO/);
});

test('E2: a disk that fills up during an upload is an answer, and leaves nothing', async (t) => {
  const inner = memoryStorage();
  let discarded = 0;
  const storage: RegistryStorage = {
    ...inner,
    startUpload: async () => ({
      size: 0,
      write: () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })),
      read: async function* () {},
      commit: async () => assert.fail('nothing was written'),
      discard: async () => {
        discarded += 1;
      },
    }),
  };
  const server = await serve(t, { storage });
  const digest = digestOf(Buffer.alloc(100_000));
  const request = httpRequest(`${server.url}/v2/a/blobs/uploads/?digest=${digest}`, { method: 'POST' });
  request.end(Buffer.alloc(100_000));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  assert.deepEqual([response.statusCode, discarded], [500, 1]);
});

for (const [limit, status] of [
  [9, 413],
  [10, 201],
  [11, 201],
] as const) {
  test(`servedMemoryBytes: ten bytes in two repositories under a limit of ${limit}`, async (t) => {
    const server = await serve(t, { storage: memoryStorage({ limits: { servedMemoryBytes: limit } }) });
    const body = '12345';
    const uploads = `blobs/uploads/?digest=${digestOf(Buffer.from(body))}`;
    const push = async (repository: string): Promise<number> =>
      (await fetch(`${server.url}/v2/${repository}/${uploads}`, { method: 'POST', body })).status;
    assert.equal(await push('a'), 201);
    assert.equal(await push('b'), status);
    const blob = `${server.url}/v2/a/blobs/${digestOf(Buffer.from(body))}`;
    assert.equal((await fetch(blob, { method: 'DELETE' })).status, 202);
    assert.equal(await push('c'), 201, 'deleting gives room');
  });
}
