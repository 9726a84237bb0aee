import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { certificateAuthority, fakeEnvironment, type Sink, startSink, tempDir } from '@gantry/testkit';
import type { CredentialSource } from '../credentials/credential.ts';
import { ask, serveHttp, textOf } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';
import type { Transport } from './transport.ts';

const CANARY = 'c4nary-pa55word';
const REGISTRY = '93.184.216.34';
const OTHER = '93.184.216.35';
const credentials: CredentialSource = {
  credentialFor: async () => ({ kind: 'basic', username: 'user', password: CANARY }),
};
const STATUSES = [301, 302, 303, 307, 308];
const TARGETS = {
  host: 'http://cdn.test/x',
  port: 'http://registry.test:5000/x',
  scheme: 'https://registry.test/x',
  'sub-domain': 'http://sub.registry.test/x',
};

interface World {
  readonly transport: Transport;
  readonly sink: Sink;
  readonly secureSink: Sink;
  /** Where the registry redirects to, and with which status. */
  redirect: { status: number; location: string };
  readonly seen: { method: string; url: string; headers: Record<string, unknown> }[];
}

/** registry.test wants Basic and redirects /v2/from; every other origin is a sink, which sends /back home. */
async function startWorld(t: TestContext, sinkAnswer?: string): Promise<World> {
  const authority = certificateAuthority();
  const caFile = join(await tempDir(t), 'ca.pem');
  await writeFile(caFile, authority.cert);
  const answer = (): { status: number; headers: Record<string, string> } =>
    sinkAnswer === undefined ? { status: 200, headers: {} } : { status: 302, headers: { location: sinkAnswer } };
  const sink = await startSink(t, { answer });
  const secureSink = await startSink(t, { answer, tls: authority.issue({ names: ['registry.test'] }) });
  const seen: World['seen'] = [];
  const world: { redirect: World['redirect'] } = { redirect: { status: 302, location: '/' } };
  const { address } = await serveHttp(t, (request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    request.resume();
    if (request.url === '/back') response.end('home');
    else if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    } else response.writeHead(world.redirect.status, { location: world.redirect.location }).end();
  });
  const environment = fakeEnvironment({
    lookup: {
      'registry.test': { addresses: [REGISTRY] },
      'cdn.test': { addresses: [OTHER] },
      'sub.registry.test': { addresses: [OTHER] },
    },
    route: {
      [`${REGISTRY}:80`]: address,
      [`${REGISTRY}:5000`]: sink.address,
      [`${REGISTRY}:443`]: secureSink.address,
      [`${OTHER}:80`]: sink.address,
    },
  });
  const registries = { 'registry.test': { plainHttp: true, caFile } };
  const transport = openTransport({ environment, registries, credentials });
  t.after(() => transport[Symbol.asyncDispose]());
  return Object.assign(world, { transport, sink, secureSink, seen });
}

function headerNames(head: string): string[] {
  return head
    .split('\r\n')
    .slice(1)
    .map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
    .sort();
}

test('A2, A3: nothing of the caller or its credential goes to another origin', async (t) => {
  const world = await startWorld(t);
  for (const status of STATUSES) {
    for (const [change, location] of Object.entries(TARGETS)) {
      for (const method of ['GET', 'HEAD'] as const) {
        world.redirect = { status, location };
        const headers = { 'x-api-key': CANARY, cookie: CANARY, accept: 'text/plain', range: 'bytes=1-' };
        const answer = await ask(world.transport, 'registry.test', '/v2/from', { method, headers });
        await answer.discard();
        assert.equal(answer.crossOrigin, true, `${status} ${change}`);
        const sink = change === 'scheme' ? world.secureSink : world.sink;
        const head = sink.heads.at(-1) ?? '';
        assert.match(head, new RegExp(`^${method} /x `), `${status} ${change}`);
        const expected = ['accept', 'accept-encoding', 'connection', 'host', 'range', 'user-agent'];
        assert.deepEqual(headerNames(head), expected, `${status} ${change} ${method}`);
      }
    }
  }
  world.sink.assertNoSecret(CANARY, 'user:');
  world.secureSink.assertNoSecret(CANARY, 'user:');
});

test('A2: a request that changes something is not sent to another origin at all', async (t) => {
  const world = await startWorld(t);
  const body = { length: 4, content: () => [Buffer.from('blob')] };
  for (const status of STATUSES) {
    for (const location of [...Object.values(TARGETS), ...(status < 307 ? ['/v2/other'] : [])]) {
      world.redirect = { status, location };
      await assert.rejects(ask(world.transport, 'registry.test', '/v2/from', { method: 'PUT', body }), {
        code: 'REGISTRY_REDIRECT_REFUSED',
      });
    }
  }
  assert.equal(world.sink.connections() + world.secureSink.connections(), 0);
});

test('A2: who left the origin gets nothing back on return', async (t) => {
  const world = await startWorld(t, 'http://registry.test/back');
  for (const location of [TARGETS.host, TARGETS.port, TARGETS['sub-domain']]) {
    world.redirect = { status: 307, location };
    const headers = { 'x-api-key': CANARY };
    assert.equal(await textOf(ask(world.transport, 'registry.test', '/v2/from', { headers })), 'home');
    const back = world.seen.at(-1);
    assert.equal(back?.url, '/back');
    assert.equal(back?.headers['authorization'], undefined);
    assert.equal(back?.headers['x-api-key'], undefined);
  }
});

test('a redirect within the origin keeps credential, headers, method and body', async (t) => {
  const bodies: string[] = [];
  const { address, requests } = await serveHttp(t, (request, response) => {
    if (request.url === '/v2/a') {
      response.writeHead(308, { location: '/v2/b' }).end();
      request.resume();
      return;
    }
    request.on('data', (chunk) => bodies.push(String(chunk)));
    request.on('end', () => response.writeHead(201).end());
  });
  await using transport = openTransport({ environment: fakeEnvironment() });
  const options = {
    method: 'PUT',
    accept: [201],
    headers: { 'x-mine': '1' },
    body: { length: 3, content: () => [Buffer.from('abc')] },
  } as const;
  const answer = await ask(transport, address, '/v2/a', options);
  await answer.discard();
  assert.equal(answer.crossOrigin, false);
  assert.equal(answer.url.pathname, '/v2/b');
  assert.deepEqual(bodies, ['abc']);
  assert.equal(requests[1]?.headers['x-mine'], '1');
});

test('redirects are counted: at the limit they work, one more is an error', async (t) => {
  const { address } = await serveHttp(t, (request, response) => {
    const left = Number(request.url?.slice('/v2/'.length));
    if (left === 0) response.end('there');
    else response.writeHead(302, { location: `/v2/${left - 1}` }).end();
  });
  await using transport = openTransport({ environment: fakeEnvironment() });
  const op = { limits: { redirects: 3 } };
  assert.equal(await textOf(ask(transport, address, '/v2/2', {}, op)), 'there');
  assert.equal(await textOf(ask(transport, address, '/v2/3', {}, op)), 'there');
  await assert.rejects(ask(transport, address, '/v2/4', {}, op), { code: 'REGISTRY_LIMIT' });
});

for (const asks of [true, false]) {
  test(`A8: a 401 of another host starts no token exchange, the registry ${asks ? 'wants' : 'wanted no'} credential`, async (t) => {
    const cdn = await serveHttp(t, (_request, response) => {
      const challenge = 'Bearer realm="http://registry.test/token",service="s",scope="repository:a:pull"';
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    const home = await serveHttp(t, (request, response) => {
      if (asks && request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      } else response.writeHead(307, { location: 'http://cdn.test/blob' }).end();
    });
    const environment = fakeEnvironment({
      lookup: { 'registry.test': { addresses: [REGISTRY] }, 'cdn.test': { addresses: [OTHER] } },
      route: { [`${REGISTRY}:80`]: home.address, [`${OTHER}:80`]: cdn.address },
    });
    const registries = { 'registry.test': { plainHttp: true } };
    await using transport = openTransport({ environment, credentials, registries });
    await assert.rejects(ask(transport, 'registry.test', '/v2/from'), { code: 'REGISTRY_UNAUTHORIZED' });
    assert.deepEqual(
      home.requests.map((request) => request.url),
      asks ? ['/v2/from', '/v2/from'] : ['/v2/from'],
    );
    assert.equal(cdn.requests.length, 1);
  });
}

test('A12: the address is checked at connect, on each hop', async (t) => {
  const locations = new Map([
    ['/v2/link-local', 'http://169.254.169.254/latest/'],
    ['/v2/private', 'http://10.0.0.1/'],
    ['/v2/rebinds', 'http://rebinds.test/x'],
    ['/v2/inside', 'http://inside.test/x'],
  ]);
  const home = await serveHttp(t, (request, response) => {
    response.writeHead(307, { location: locations.get(request.url ?? '') ?? '/' }).end();
  });
  const cdn = await serveHttp(t, (_request, response) => {
    response.writeHead(200, { connection: 'close' }).end('fine');
  });
  const environment = fakeEnvironment({
    lookup: {
      'registry.test': { addresses: [REGISTRY] },
      'rebinds.test': [{ addresses: [OTHER] }, { addresses: ['169.254.169.254'] }],
      'inside.test': { addresses: [OTHER, '192.168.0.7'] },
    },
    route: { [`${REGISTRY}:80`]: home.address, [`${OTHER}:80`]: cdn.address },
  });
  await using transport = openTransport({ environment, registries: { 'registry.test': { plainHttp: true } } });
  const refused = { code: 'REGISTRY_ADDRESS_REFUSED' };
  assert.equal(await textOf(ask(transport, 'registry.test', '/v2/rebinds')), 'fine');
  await assert.rejects(ask(transport, 'registry.test', '/v2/rebinds'), refused);
  await assert.rejects(ask(transport, 'registry.test', '/v2/inside'), refused);
  await assert.rejects(ask(transport, 'registry.test', '/v2/link-local'), refused);
  await assert.rejects(ask(transport, 'registry.test', '/v2/private'), refused);
  assert.deepEqual(new Set(environment.dialled), new Set([`${REGISTRY}:80`, `${OTHER}:80`]));
});

test('A12: a registry on loopback may send to literal loopback, not to names that resolve there', async (t) => {
  const other = await serveHttp(t, (_request, response) => void response.end('other'));
  const port = other.address.split(':')[1];
  const home = await serveHttp(t, (request, response) => {
    const host = request.url === '/v2/name' ? 'inside.test' : '127.0.0.2';
    response.writeHead(307, { location: `http://${host}:${port}/` }).end();
  });
  const environment = fakeEnvironment({
    lookup: { 'inside.test': { addresses: ['127.0.0.1'] } },
    route: { [`127.0.0.2:${port}`]: other.address },
  });
  const registries = { [`inside.test:${port}`]: { plainHttp: true } };
  await using transport = openTransport({ environment, registries });
  assert.equal(await textOf(ask(transport, home.address, '/v2/literal')), 'other');
  await assert.rejects(ask(transport, home.address, '/v2/name'), { code: 'REGISTRY_ADDRESS_REFUSED' });
});

test('A13: localhost that is elsewhere gets no plain http unasked', async () => {
  const environment = fakeEnvironment({ lookup: { localhost: { addresses: ['93.184.216.34'] } } });
  await using transport = openTransport({ environment });
  await assert.rejects(ask(transport, 'localhost:5000', '/v2/'), { code: 'REGISTRY_PLAIN_HTTP' });
  assert.deepEqual(environment.dialled, []);
});
