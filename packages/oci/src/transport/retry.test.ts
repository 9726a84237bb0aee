import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock, fakeEnvironment } from '@gantry/testkit';
import type { OpEvent } from '../op.ts';
import { ask, serveHttp, textOf } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';
import { backoff, retryAfter } from './retry.ts';

/** Skips pauses between attempts and nothing else: every deadline is longer than any pause. */
const PATIENT = { connectTimeout: 1e6, idleTimeout: 1e6, requestTimeout: 1e6, operationTimeout: 1e7 };
const patientClock = (): ReturnType<typeof fakeClock> => fakeClock({ skip: (ms) => ms < 1e6 });

test('F1: Retry-After as seconds or a date, capped; nonsense is no advice', () => {
  const clock = fakeClock({ start: Date.UTC(2026, 0, 1) });
  const environment = fakeEnvironment({ clock, random: 0 });
  const table: readonly (readonly [string | undefined, number | undefined])[] = [
    ['0', 0],
    ['3', 3000],
    [' 7 ', 7000],
    ['60', 60_000],
    ['1000000000', 60_000],
    ['99999999999999999999', 60_000],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['Thu, 01 Jan 2026 02:00:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 23:59:50 GMT', undefined],
  ];
  for (const [header, expected] of table) assert.equal(retryAfter(header, environment, undefined), expected, header);
  assert.equal(retryAfter('10', fakeEnvironment({ clock, random: 0.5 }), undefined), 10_500);
  assert.equal(retryAfter('90', environment, { limits: { retryAfter: 90_001 } }), 90_000);
});

test('F1: pauses grow to the limit, with jitter', () => {
  const at = (random: number, attempt: number): number => backoff(attempt, fakeEnvironment({ random }), undefined);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 9].map((attempt) => at(0.5, attempt)),
    [200, 400, 800, 1600, 3000, 3000],
  );
  assert.equal(at(0, 1), 180);
  assert.ok(at(0.999, 1) > 219);
});

test('F1: 429 is asked again after what Retry-After says, until the attempts are used up', async (t) => {
  let failures = 2;
  const { address, requests } = await serveHttp(t, (_request, response) => {
    failures -= 1;
    if (failures < 0) response.end('at last');
    else response.writeHead(429, { 'retry-after': '7' }).end('slow down');
  });
  const clock = patientClock();
  await using transport = openTransport({ environment: fakeEnvironment({ clock, random: 0 }) });
  const events: OpEvent[] = [];
  const op = { limits: PATIENT, onEvent: (event: OpEvent): void => void events.push(event) };
  assert.equal(await textOf(ask(transport, address, '/v2/', {}, op)), 'at last');
  assert.deepEqual(clock.skipped, [7000, 7000]);
  assert.deepEqual(
    events.filter((event) => event.type === 'retry').map(({ attempt, waitMs, reason }) => [attempt, waitMs, reason]),
    [
      [1, 7000, 'status 429'],
      [2, 7000, 'status 429'],
    ],
  );
  failures = 100;
  requests.length = 0;
  await assert.rejects(ask(transport, address, '/v2/', {}, op), { code: 'REGISTRY_RATE_LIMITED', retryable: true });
  assert.equal(requests.length, 5);
});

test('F1: what one request is told by Retry-After, the others of its origin keep to as well', async (t) => {
  let busy = true;
  const { address, requests } = await serveHttp(t, (_request, response) => {
    if (busy) response.writeHead(429, { 'retry-after': '7' }).end();
    else response.end('served');
    busy = false;
  });
  const other = await serveHttp(t, (_request, response) => response.end('at once'));
  const clock = fakeClock();
  await using transport = openTransport({ environment: fakeEnvironment({ clock, random: 0 }) });
  const first = textOf(ask(transport, address, '/v2/first'));
  while (!clock.pending.includes(7000)) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(2000);
  const later = ['/v2/second', '/v2/third'].map((path) => textOf(ask(transport, address, path)));
  assert.equal(await textOf(ask(transport, other.address, '/v2/')), 'at once');
  assert.deepEqual(
    requests.map(({ url }) => url),
    ['/v2/first'],
  );
  assert.equal(clock.pending.filter((ms) => ms === 5000).length, 2);
  await clock.advance(5000);
  assert.deepEqual(await Promise.all([first, ...later]), ['served', 'served', 'served']);
  assert.equal(requests.length, 4);
});

test('F1: requests that wait for a connection keep to a Retry-After that comes meanwhile', async (t) => {
  let busy = true;
  const { address, requests } = await serveHttp(t, (_request, response) => {
    if (busy) response.writeHead(429, { 'retry-after': '7' }).end();
    else response.end('served');
  });
  const clock = fakeClock();
  await using transport = openTransport({ environment: fakeEnvironment({ clock, random: 0 }) });
  const op = { limits: { connectionsPerOrigin: 2 } };
  const asked = ['one', 'two', 'three', 'four', 'five', 'six'].map((path) =>
    textOf(ask(transport, address, `/v2/${path}`, {}, op)),
  );
  while (clock.pending.filter((ms) => ms === 7000).length < 4) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(requests.length, 2);
  busy = false;
  await clock.advance(7000);
  assert.deepEqual(await Promise.all(asked), Array(6).fill('served'));
  assert.equal(requests.length, 8);
});

test('the number of attempts is a limit', async (t) => {
  let failures = 0;
  const { address } = await serveHttp(t, (_request, response) => {
    failures -= 1;
    response.writeHead(failures < 0 ? 200 : 503).end();
  });
  await using transport = openTransport({ environment: fakeEnvironment({ clock: patientClock() }) });
  const op = { limits: { ...PATIENT, retries: 3 } };
  for (const [needed, succeeds] of [
    [1, true],
    [2, true],
    [3, false],
  ] as const) {
    failures = needed;
    const answer = ask(transport, address, '/v2/', {}, op);
    if (succeeds) await (await answer).discard();
    else await assert.rejects(answer, { code: 'REGISTRY_UNAVAILABLE' });
  }
});

test('F2: only what may come twice is sent twice, but 429 always', async (t) => {
  let status = 503;
  const { address, requests } = await serveHttp(t, (request, response) => {
    request.resume();
    response.writeHead(status).end();
  });
  await using transport = openTransport({ environment: fakeEnvironment({ clock: patientClock() }) });
  const op = { limits: { ...PATIENT, retries: 3 } };
  const count = async (options: Parameters<typeof ask>[3]): Promise<number> => {
    requests.length = 0;
    await assert.rejects(ask(transport, address, '/v2/', options, op));
    return requests.length;
  };
  assert.equal(await count({ method: 'GET' }), 3);
  assert.equal(await count({ method: 'HEAD' }), 3);
  assert.equal(await count({ method: 'PUT' }), 3);
  assert.equal(await count({ method: 'DELETE' }), 3);
  assert.equal(await count({ method: 'POST' }), 1);
  assert.equal(await count({ method: 'PATCH' }), 1);
  assert.equal(await count({ method: 'POST', repeatable: true }), 3);
  assert.equal(await count({ method: 'PUT', repeatable: false }), 1);
  status = 429;
  assert.equal(await count({ method: 'POST' }), 3);
  for (status of [400, 401, 403, 404, 405, 501]) assert.equal(await count({ method: 'GET' }), 1, `${status}`);
  for (status of [408, 500, 502, 504]) assert.equal(await count({ method: 'GET' }), 3, `${status}`);
});

test('F1: the operation deadline ends the waiting', async (t) => {
  const { address } = await serveHttp(t, (_request, response) => {
    response.writeHead(503, { 'retry-after': '50' }).end();
  });
  const clock = fakeClock();
  await using transport = openTransport({ environment: fakeEnvironment({ clock, random: 0 }) });
  const answer = ask(transport, address, '/v2/', {}, { limits: { ...PATIENT, operationTimeout: 70_000 } });
  const failed = assert.rejects(answer, {
    code: 'REGISTRY_TIMEOUT',
    details: { limit: 'operationTimeout', milliseconds: 70_000 },
  });
  while (!clock.pending.includes(50_000)) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(50_000);
  while (!clock.pending.includes(50_000)) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(20_000);
  await failed;
});
