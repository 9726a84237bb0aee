import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { fakeEnvironment, startSink } from '@gantry/testkit';
import type { Credential } from '../credentials/credential.ts';
import { ask, serveHttp, textOf } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';

const STORED: Credential = { kind: 'basic', username: 'user', password: 'stored-canary' };
const TOKEN = 'header.payload-canary.signature';
const options = { environment: fakeEnvironment(), credentials: { credentialFor: async () => STORED } };

test('A9: a service that is no registry gets what the caller brings, or nothing, and never a stored credential', async (t) => {
  const { address, requests } = await serveHttp(t, (_request, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('no');
  });
  const transport = openTransport(options);
  t.after(() => transport[Symbol.asyncDispose]());
  for (const authorization of [`Bearer ${TOKEN}`, null]) {
    await textOf(ask(transport, address, '/api', { authorization, accept: [401] }));
  }
  assert.deepEqual(
    requests.map(({ headers }) => headers.authorization),
    [`Bearer ${TOKEN}`, undefined],
  );
});

test('A11: what the caller brings is not shown when the service says it back', async (t) => {
  const { address } = await serveHttp(t, (request, response) => {
    response.writeHead(400).end(`bad token: ${request.headers.authorization?.slice('Bearer '.length)}`);
  });
  const transport = openTransport(options);
  t.after(() => transport[Symbol.asyncDispose]());
  const failure = await ask(transport, address, '/api', { authorization: `Bearer ${TOKEN}` }).catch((error) => error);
  assert.match(failure.message, /bad token: \[redacted\]/);
  assert.doesNotMatch(inspect(failure, { depth: 9 }), /canary/);
});

test('A2: what the caller brings does not follow a redirect to another host', async (t) => {
  const sink = await startSink(t);
  const { address } = await serveHttp(t, (_request, response) => {
    response.writeHead(307, { location: `http://${sink.address}/` }).end();
  });
  const transport = openTransport(options);
  t.after(() => transport[Symbol.asyncDispose]());
  const authorization = `Bearer ${TOKEN}`;
  await assert.rejects(ask(transport, address, '/api', { method: 'POST', authorization }), {
    code: 'REGISTRY_REDIRECT_REFUSED',
  });
  await ask(transport, address, '/api', { authorization }).catch(() => undefined);
  sink.assertNoSecret(TOKEN);
});
