import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { fakeEnvironment } from '@gantry/testkit';
import { isGantryError } from '../errors.ts';
import { ask, serveHttp } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';

interface Script {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

async function failing(
  t: TestContext,
): Promise<(script: Script) => Promise<Error & { code: string; details: Record<string, unknown>; hint: string }>> {
  let script: Script = { status: 500 };
  const { address } = await serveHttp(t, (_request, response) => {
    response.writeHead(script.status, script.headers).end(script.body);
  });
  const transport = openTransport({ environment: fakeEnvironment() });
  t.after(() => transport[Symbol.asyncDispose]());
  return async (next) => {
    script = next;
    const failure: unknown = await ask(transport, address, '/v2/x?token=c4nary', {}, { limits: { retries: 1 } }).catch(
      (error) => error,
    );
    assert.ok(isGantryError(failure));
    return failure as never;
  };
}

test('F2: a status that nobody accepted has its code', async (t) => {
  const fail = await failing(t);
  const codes: Record<number, string> = {
    200: 'accepted',
    204: 'REGISTRY_PROTOCOL',
    206: 'REGISTRY_PROTOCOL',
    304: 'REGISTRY_PROTOCOL',
    400: 'REGISTRY_PROTOCOL',
    401: 'REGISTRY_UNAUTHORIZED',
    403: 'REGISTRY_DENIED',
    404: 'REGISTRY_NOT_FOUND',
    405: 'REGISTRY_UNSUPPORTED',
    408: 'REGISTRY_UNAVAILABLE',
    416: 'REGISTRY_PROTOCOL',
    429: 'REGISTRY_RATE_LIMITED',
    500: 'REGISTRY_UNAVAILABLE',
    501: 'REGISTRY_UNSUPPORTED',
    502: 'REGISTRY_UNAVAILABLE',
    599: 'REGISTRY_UNAVAILABLE',
  };
  for (const [status, code] of Object.entries(codes)) {
    if (code === 'accepted') continue;
    const error = await fail({ status: Number(status) });
    assert.equal(error.code, code, status);
    assert.equal(error.details['status'], Number(status));
  }
});

test('what the registry says is in the message: its codes, escaped; or the start of a text', async (t) => {
  const fail = await failing(t);
  const errors = [{ code: 'NAME_UNKNOWN', message: 'no \u001b[31msuch name', detail: {} }, { code: 'x'.repeat(100) }];
  const listed = await fail({ status: 404, body: JSON.stringify({ errors }) });
  assert.match(listed.message, /NAME_UNKNOWN: no \\u\{1b\}\[31msuch name/);
  assert.deepEqual(listed.details['registryCodes'], ['NAME_UNKNOWN']);
  const oauth = await fail({ status: 400, body: '{"error":"invalid_scope","error_description":"nope"}' });
  assert.match(oauth.message, /invalid_scope: nope/);
  assert.match((await fail({ status: 500, body: 'plain trouble' })).message, /plain trouble/);
  for (const body of ['[]', 'null', '{"errors":5}', '{"errors":[null,7]}', '{}', '\u0000\u0001']) {
    assert.equal((await fail({ status: 500, body })).code, 'REGISTRY_UNAVAILABLE', body);
  }
});

test('F2: an HTML page is called one and not quoted', async (t) => {
  const fail = await failing(t);
  for (const headers of [{ 'content-type': 'text/html; charset=utf-8' }, {}]) {
    const error = await fail({ status: 502, headers, body: '<!DOCTYPE html><html>login here</html>' });
    assert.match(error.message, /HTML page/);
    assert.doesNotMatch(error.message, /login here/);
    assert.match(error.hint, /login page or a proxy/);
  }
});

test('F2: at most errorBodyBytes of an error are read', async (t) => {
  const fail = await failing(t);
  const text = (size: number): Script => ({ status: 500, body: Buffer.alloc(size, 'a') });
  for (const size of [65_535, 65_536]) assert.match((await fail(text(size))).message, /aaa…$/);
  assert.doesNotMatch((await fail(text(65_537))).message, /aaa/);
});

test('Docker Hub says how many requests are left: it is in the error', async (t) => {
  const fail = await failing(t);
  const headers = {
    'ratelimit-limit': '100;w=21600',
    'ratelimit-remaining': '0;w=21600',
    'docker-ratelimit-source': '192.0.2.7',
  };
  const error = await fail({
    status: 429,
    headers,
    body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"pull limit"}]}',
  });
  assert.match(
    error.message,
    /TOOMANYREQUESTS: pull limit; ratelimit-limit 100;w=21600, ratelimit-remaining 0;w=21600/,
  );
  assert.deepEqual(error.details['rateLimit'], headers);
});

test('A11: the error shows no query, and no secret that the registry repeats', async (t) => {
  const fail = await failing(t);
  const body = 'got Bearer c4nary at https://u:c4nary@h/?sig=c4nary {"token":"c4nary"}';
  assert.doesNotMatch(inspect(await fail({ status: 400, body }), { depth: 9, showHidden: true }), /c4nary/);
});
