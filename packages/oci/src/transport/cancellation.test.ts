import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { fakeClock, fakeEnvironment, scriptedRegistry } from '@gantry/testkit';
import type { Environment } from '../environment.ts';
import { ask } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';

const RULES = [
  { path: '/v2/head', stall: 'head' as const },
  { path: '/v2/body', body: 'x'.repeat(100), stall: 50 },
  { path: '/v2/busy', status: 503, headers: { 'retry-after': '30' } },
];

/** Aborts once `when` holds, and takes a census of what is left. */
async function abortWhen(
  registry: string,
  path: string,
  environment: Environment,
  when: (state: { sockets: readonly Socket[]; pending: readonly number[]; bytes: number }) => boolean,
): Promise<void> {
  const clock = fakeClock();
  const sockets: Socket[] = [];
  const watched: Environment = {
    ...environment,
    ...clock,
    sleep: clock.sleep,
    connect: (address) => {
      const socket = environment.connect(address);
      sockets.push(socket);
      return socket;
    },
  };
  await using transport = openTransport({ environment: watched, registries: { 'registry.test': { plainHttp: true } } });
  const aborter = new AbortController();
  const reason = new DOMException('enough', 'AbortError');
  let bytes = 0;
  const work = async (): Promise<void> => {
    const answer = await ask(transport, registry, path, {}, { signal: aborter.signal });
    for await (const chunk of answer.body) bytes += chunk.length;
  };
  const failed = assert.rejects(work(), (error) => error === reason);
  while (!when({ sockets, pending: clock.pending, bytes })) await new Promise((resolve) => setImmediate(resolve));
  aborter.abort(reason);
  await failed;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(clock.pending, [], 'no timer is left');
  const busy = sockets.filter((socket) => !socket.destroyed && path !== '/v2/busy');
  assert.deepEqual(busy.length, 0, 'no socket is left');
}

test('F12: an abort at any wait comes back as it is, and leaves nothing behind', async (t) => {
  const registry = await scriptedRegistry(t, RULES);
  const fake = fakeEnvironment({ lookup: { 'registry.test': { addresses: ['93.184.216.34'] } } });
  const forever = { ...fake, lookup: () => new Promise<never>(() => {}) };
  const { Socket } = await import('node:net');
  const unconnected = { ...fake, connect: () => new Socket() };
  await t.test('before anything', () => abortWhen(registry.address, '/v2/head', fake, () => true));
  await t.test('while the name is resolved', () =>
    abortWhen('registry.test', '/v2/', forever, ({ pending }) => pending.length > 1),
  );
  await t.test('while connecting', () =>
    abortWhen(registry.address, '/v2/', unconnected, ({ sockets }) => sockets.length > 0),
  );
  await t.test('while waiting for headers', () =>
    abortWhen(registry.address, '/v2/head', fake, () => registry.log.count('GET', '/v2/head') > 0),
  );
  await t.test('within the body', () => abortWhen(registry.address, '/v2/body', fake, ({ bytes }) => bytes === 50));
  await t.test('between attempts', () =>
    abortWhen(registry.address, '/v2/busy', fake, ({ pending }) => pending.some((ms) => ms >= 30_000 && ms < 34_000)),
  );
});

test('F12: a signal that is aborted already sends nothing', async () => {
  const environment = fakeEnvironment();
  await using transport = openTransport({ environment });
  const signal = AbortSignal.abort(new Error('before'));
  await assert.rejects(ask(transport, '127.0.0.1:9', '/v2/', {}, { signal }), /before/);
  assert.deepEqual(environment.dialled, []);
});

test('F12: leaving a body early, or dropping it, frees the connection', async (t) => {
  const registry = await scriptedRegistry(t, [{ path: '/v2/', status: 200, body: Buffer.alloc(3_000_000) }]);
  await using transport = openTransport({ environment: fakeEnvironment() });
  const op = { limits: { connectionsPerOrigin: 1 } };
  for (let round = 0; round < 3; round += 1) {
    const answer = await ask(transport, registry.address, '/v2/', {}, op);
    for await (const _ of answer.body) break;
    await (await ask(transport, registry.address, '/v2/', {}, op)).discard();
  }
});
