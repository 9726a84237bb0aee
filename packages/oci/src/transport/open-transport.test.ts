import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { OpEvent } from '../op.ts';
import { openTransport } from './open-transport.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('requests over one kept connection, each counted with its bytes', async (t) => {
  const ports = new Set<number | undefined>();
  const registry = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end('hello');
  });
  await using transport = openTransport({});
  const events: OpEvent[] = [];
  const op = { onEvent: (event: OpEvent): void => void events.push(event) };
  for (let round = 0; round < 3; round += 1) {
    const url = new URL('/v2/?secret=1', transport.baseUrl(registry));
    const answer = await transport.request({ method: 'GET', url, registry, access: [], accept: [200] }, op);
    assert.equal(Buffer.from(await answer.bytes(10)).toString(), 'hello');
  }
  assert.equal(ports.size, 1);
  assert.deepEqual(
    events.map((event) => event.type === 'request' && [event.url, event.status, event.bytesReceived, event.bytesSent]),
    new Array(3).fill([`http://${registry}/v2/`, 200, 5, 0]),
  );
});

test('a body is sent whole and an answer without a body gives its connection back', async (t) => {
  const bodies: string[] = [];
  const registry = await serve(t, (request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      bodies.push(text);
      response.writeHead(201, { location: '/v2/x' }).end();
    });
  });
  await using transport = openTransport({});
  const put = await transport.request({
    method: 'PUT',
    url: new URL('/v2/upload', transport.baseUrl(registry)),
    registry,
    access: [],
    accept: [201],
    body: { length: 6, content: () => [Buffer.from('abc'), Buffer.from('def')] },
  });
  assert.equal(put.header('LOCATION'), '/v2/x');
  assert.deepEqual(await put.bytes(1), Buffer.alloc(0));
  const head = await transport.request({
    method: 'HEAD',
    url: new URL('/v2/x', transport.baseUrl(registry)),
    registry,
    access: [],
    accept: [201],
  });
  await head.discard();
  for await (const _ of head.body) assert.fail('a HEAD has no body');
  assert.deepEqual(bodies, ['abcdef', '']);
});

test('offline: no socket is opened', async () => {
  await using transport = openTransport({ offline: true });
  const url = new URL('/v2/', transport.baseUrl('registry.example'));
  await assert.rejects(
    transport.request({ method: 'GET', url, registry: 'registry.example', access: [], accept: [200] }),
    {
      code: 'REGISTRY_OFFLINE',
    },
  );
});
