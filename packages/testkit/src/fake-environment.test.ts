import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fakeEnvironment } from './fake-environment.ts';
import { listenOnLoopback } from './listen.ts';

test('names resolve as scripted, one answer after the other', async () => {
  const failure = new Error('SERVFAIL');
  const environment = fakeEnvironment({
    lookup: { 'a.test': [{ addresses: ['192.0.2.1'] }, { addresses: ['::1', '127.0.0.1'] }], 'b.test': failure },
  });
  assert.deepEqual(await environment.lookup('a.test'), [{ address: '192.0.2.1', family: 4 }]);
  const later = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  assert.deepEqual(await environment.lookup('a.test'), later);
  assert.deepEqual(await environment.lookup('a.test'), later);
  await assert.rejects(environment.lookup('b.test'), failure);
  await assert.rejects(environment.lookup('c.test'), { code: 'ENOTFOUND' });
  assert.deepEqual(await environment.lookup('127.0.0.1'), [{ address: '127.0.0.1', family: 4 }]);
  assert.deepEqual(environment.lookups, ['a.test', 'a.test', 'a.test', 'b.test', 'c.test', '127.0.0.1']);
});

test('dials loopback only, by another way when told', async (t) => {
  const { address } = await listenOnLoopback(
    t,
    createServer((socket) => socket.end()),
  );
  const environment = fakeEnvironment({ route: { '192.0.2.1:443': address } });
  const socket = environment.connect({ host: '192.0.2.1', port: 443 });
  await once(socket, 'connect');
  socket.destroy();
  assert.throws(() => environment.connect({ host: '192.0.2.2', port: 443 }), /must not dial 192\.0\.2\.2:443/);
  assert.deepEqual(environment.dialled, ['192.0.2.1:443', '192.0.2.2:443']);
});

test('shows no variable of the process', () => {
  assert.deepEqual(fakeEnvironment().env, {});
  assert.equal(fakeEnvironment({ random: 0.25 }).random(), 0.25);
});
