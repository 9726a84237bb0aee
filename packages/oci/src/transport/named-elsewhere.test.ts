import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEnvironment, startSink } from '@gantry/testkit';
import type { AddressKind } from './addresses.ts';
import { ask, serveHttp } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';
import type { Transport } from './transport.ts';

const TOKEN = 'canary-token';
const options = { accept: [200], authorization: `Bearer ${TOKEN}`, headers: { accept: 'x/y', 'x-own': TOKEN } };

function request(transport: Transport, registry: string, url: string, namedAt?: AddressKind): Promise<unknown> {
  const place = { method: 'GET' as const, url: new URL(url), registry, access: [] };
  return transport.request({ ...place, ...options, ...(namedAt === undefined ? {} : { namedAt }) });
}

test('an answer says where the registry was reached', async (t) => {
  const { address } = await serveHttp(t, (_request, response) => void response.end());
  const environment = fakeEnvironment({
    lookup: { 'registry.test': { addresses: ['93.184.216.34'] }, 'inside.test': { addresses: ['10.0.0.7'] } },
    route: { '93.184.216.34:80': address, '10.0.0.7:80': address },
  });
  const plain = { plainHttp: true };
  await using transport = openTransport({
    environment,
    registries: { 'registry.test:80': plain, 'inside.test:80': plain },
  });
  for (const [registry, zone] of [
    [address, 'loopback'],
    ['registry.test:80', 'public'],
    ['inside.test:80', 'private'],
  ] as const) {
    const answer = await ask(transport, registry, '/');
    assert.equal(answer.zone, zone);
    await answer.discard();
  }
});

test('A2: a host that a document of the registry names gets nothing of ours', async (t) => {
  const sink = await startSink(t);
  const { address } = await serveHttp(t, (_request, response) => void response.end());
  await using transport = openTransport({ environment: fakeEnvironment() });
  await request(transport, address, `${sink.url}/file`, 'loopback');
  assert.equal(sink.heads.length, 1);
  sink.assertNoSecret(TOKEN);
});

test('a URL on another origin is refused unless the caller says who named it', async (t) => {
  const sink = await startSink(t);
  const { address } = await serveHttp(t, (_request, response) => void response.end());
  await using transport = openTransport({ environment: fakeEnvironment() });
  await assert.rejects(request(transport, address, `${sink.url}/file`), { code: 'REGISTRY_REDIRECT_REFUSED' });
  assert.equal(sink.heads.length, 0);
});

test('a URL on the origin of the registry is its own, whoever named it', async (t) => {
  const { address, requests } = await serveHttp(t, (_request, response) => void response.end());
  await using transport = openTransport({ environment: fakeEnvironment() });
  await request(transport, address, `http://${address}/file`, 'loopback');
  assert.equal(requests[0]?.headers.authorization, `Bearer ${TOKEN}`);
});

for (const [zone, url] of [
  ['public', 'http://127.0.0.1:9/x'],
  ['public', 'http://10.0.0.1/x'],
  ['private', 'http://127.0.0.1:9/x'],
  ['private', 'http://169.254.169.254/x'],
  ['loopback', 'http://169.254.169.254/x'],
  ['loopback', 'http://10.0.0.1/x'],
] as const) {
  test(`A12: a registry reached at a ${zone} address cannot name ${url}`, async () => {
    const environment = fakeEnvironment();
    const registries = { 'registry.test:80': { plainHttp: true } };
    await using transport = openTransport({ environment, registries });
    await assert.rejects(request(transport, 'registry.test:80', url, zone), { code: 'REGISTRY_ADDRESS_REFUSED' });
    assert.deepEqual(environment.dialled, []);
  });
}

test('A13: nor plain http on another host when it is asked over https', async () => {
  const environment = fakeEnvironment();
  await using transport = openTransport({ environment });
  await assert.rejects(request(transport, 'registry.test', 'http://other.test/x', 'public'), {
    code: 'REGISTRY_REDIRECT_REFUSED',
  });
  assert.deepEqual(environment.dialled, []);
});
