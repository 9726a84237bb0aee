import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import {
  fakeEnvironment,
  type ScriptedRegistry,
  scriptedRegistry,
  startSink,
  startTokenServer,
  type TokenServer,
  type TokenServerOptions,
} from '@gantry/testkit';
import type { Credential } from '../credentials/credential.ts';
import type { OpEvent } from '../op.ts';
import { ask, serveHttp, textOf } from '../transport/ask.fixture.ts';
import { openTransport } from '../transport/open-transport.ts';
import type { Access, RegistrySettings, Transport } from '../transport/transport.ts';

const PASSWORD = 'c4nary-pa55word';
const USER: Credential = { kind: 'basic', username: 'user', password: PASSWORD };
const PULL: readonly Access[] = [{ repository: 'team/app', actions: ['pull'] }];
const PUSH: readonly Access[] = [{ repository: 'team/app', actions: ['pull', 'push'] }];
const BLOBS = { path: '/v2/team/app/blobs/', status: 200, body: 'blob' };

interface Scene {
  readonly registry: ScriptedRegistry;
  readonly tokens: TokenServer;
  readonly transport: Transport;
}

async function scene(
  t: TestContext,
  credential: Credential | undefined,
  tokenOptions: TokenServerOptions = {},
  settings: RegistrySettings = {},
): Promise<Scene> {
  const tokens = await startTokenServer(t, tokenOptions);
  const registry = await scriptedRegistry(t, [BLOBS, { path: '/v2/team/app/manifests/', status: 200, body: 'm' }], {
    auth: { kind: 'bearer', tokens },
  });
  const transport = openTransport({
    environment: fakeEnvironment(),
    credentials: { credentialFor: async () => credential },
    registries: { [registry.address]: { tokenHosts: [tokens.address], ...settings } },
  });
  t.after(() => transport[Symbol.asyncDispose]());
  return { registry, tokens, transport };
}

const blob = ({ transport, registry }: Scene, access = PULL, op = {}): Promise<string> =>
  textOf(ask(transport, registry.address, '/v2/team/app/blobs/x', { access }, op));

test('anonymous: one token, asked for the scope of the operation, serves every later request', async (t) => {
  const s = await scene(t, undefined);
  for (let round = 0; round < 3; round += 1) assert.equal(await blob(s), 'blob');
  assert.deepEqual(
    s.tokens.requests.map(({ method, scopes, authorization }) => [method, scopes, authorization]),
    [['GET', ['repository:team/app:pull'], undefined]],
  );
  assert.equal(s.tokens.requests[0]?.parameters.get('service'), 'registry.test');
  assert.equal(s.registry.log.requests.length, 4);
});

test('a password goes to the token service as Basic, and never to the registry', async (t) => {
  const s = await scene(t, USER, { users: { user: PASSWORD } });
  assert.equal(await blob(s), 'blob');
  assert.equal(s.tokens.requests[0]?.authorization, `Basic ${Buffer.from(`user:${PASSWORD}`).toString('base64')}`);
  for (const { headers } of s.registry.log.requests) assert.doesNotMatch(headers.authorization ?? '', /Basic/);
});

test('a token for more serves for less; two repositories are two scopes', async (t) => {
  const s = await scene(t, undefined);
  await blob(s, PUSH);
  await blob(s, PULL);
  assert.equal(s.tokens.requests.length, 1);
  await blob(s, [{ repository: 'other', actions: ['pull'] }, ...PUSH]);
  assert.deepEqual(s.tokens.requests[1]?.scopes, ['repository:other:pull', 'repository:team/app:pull,push']);
  await blob(s, [{ repository: 'team/app', actions: ['delete'] }]).catch(() => {});
  assert.deepEqual(s.tokens.requests[2]?.scopes, ['repository:team/app:delete']);
});

test('an identity token is exchanged by POST', async (t) => {
  const s = await scene(
    t,
    { kind: 'identity', token: PASSWORD },
    { identityTokens: [PASSWORD], field: 'access_token' },
  );
  assert.equal(await blob(s), 'blob');
  const [request] = s.tokens.requests;
  assert.equal(request?.method, 'POST');
  assert.deepEqual(Object.fromEntries(request?.parameters ?? []), {
    grant_type: 'refresh_token',
    client_id: 'gantry',
    refresh_token: PASSWORD,
    service: 'registry.test',
    scope: 'repository:team/app:pull',
  });
});

for (const post of [404, 405] as const) {
  test(`a token service that answers POST with ${post} is asked by GET, without the identity token`, async (t) => {
    const s = await scene(t, { kind: 'identity', token: PASSWORD }, { post });
    const events: OpEvent[] = [];
    assert.equal(await blob(s, PULL, { onEvent: (event: OpEvent) => void events.push(event) }), 'blob');
    assert.deepEqual(
      s.tokens.requests.map(({ method, authorization }) => [method, authorization]),
      [
        ['POST', undefined],
        ['GET', undefined],
      ],
    );
    assert.equal(events.filter((event) => event.type === 'warning').length, 1);
  });
}

test('Basic is asked for once and then sent along', async (t) => {
  const registry = await scriptedRegistry(t, [BLOBS], { auth: { kind: 'basic', users: { user: PASSWORD } } });
  await using transport = openTransport({
    environment: fakeEnvironment(),
    credentials: { credentialFor: async () => USER },
  });
  for (let round = 0; round < 3; round += 1)
    await textOf(ask(transport, registry.address, '/v2/team/app/blobs/x', { access: PULL }));
  assert.deepEqual(
    registry.log.requests.map(({ status }) => status),
    [401, 200, 200, 200],
  );
});

test('a wrong or missing password is final: no second try', async (t) => {
  const registry = await scriptedRegistry(t, [BLOBS], { auth: { kind: 'basic', users: { user: 'other' } } });
  for (const [credential, requests] of [
    [USER, 2],
    [undefined, 1],
    [{ kind: 'identity', token: 'x' }, 1],
  ] as const) {
    registry.log.clear();
    await using transport = openTransport({
      environment: fakeEnvironment(),
      credentials: { credentialFor: async () => credential },
    });
    await assert.rejects(textOf(ask(transport, registry.address, '/v2/team/app/blobs/x', { access: PULL })), {
      code: 'REGISTRY_UNAUTHORIZED',
    });
    assert.equal(registry.log.requests.length, requests);
  }
  const s = await scene(t, USER, { users: { user: 'other' } });
  await assert.rejects(blob(s), { code: 'REGISTRY_UNAUTHORIZED' });
  assert.equal(s.tokens.requests.length, 1);
});

test('a ready-made bearer token goes to the registry as it is', async (t) => {
  const { address, requests } = await serveHttp(t, (request, response) => {
    if (request.headers.authorization === `Bearer ${PASSWORD}`) response.end('in');
    else response.writeHead(401, { 'www-authenticate': 'Bearer realm="https://elsewhere.test/token"' }).end();
  });
  await using transport = openTransport({
    environment: fakeEnvironment(),
    credentials: { credentialFor: async () => ({ kind: 'bearer', token: PASSWORD }) },
  });
  assert.equal(await textOf(ask(transport, address, '/v2/')), 'in');
  assert.equal(requests.length, 2);
});

test('F5: parallel requests whose token is not accepted any more share one refresh and replay once', async (t) => {
  const s = await scene(t, USER, { users: { user: PASSWORD } });
  await blob(s);
  s.tokens.revoke();
  s.registry.log.clear();
  assert.deepEqual(await Promise.all(Array.from({ length: 4 }, () => blob(s))), ['blob', 'blob', 'blob', 'blob']);
  assert.equal(s.tokens.requests.length, 2);
  assert.equal(s.registry.log.requests.length, 8);
});

test('F5: the first requests in parallel share one token request', async (t) => {
  const s = await scene(t, undefined);
  await Promise.all(Array.from({ length: 4 }, () => blob(s)));
  assert.equal(s.tokens.requests.length, 1);
});

test('F5: more first requests than connections, to a registry that gives out its tokens itself, do not wait for each other', async (t) => {
  const { address, requests } = await serveHttp(t, ({ url, headers }, response) => {
    if (url?.startsWith('/token')) return response.end(JSON.stringify({ token: 'own' }));
    if (headers.authorization === 'Bearer own') return response.end('blob');
    response.setHeader('www-authenticate', `Bearer realm="http://${address}/token"`);
    return response.writeHead(401, { 'content-length': 2 }).end('{}');
  });
  await using transport = openTransport({ environment: fakeEnvironment() });
  const op = { limits: { connectionsPerOrigin: 2, operationTimeout: 10_000 } };
  const get = (): Promise<string> => textOf(ask(transport, address, '/v2/team/app/blobs/x', { access: PULL }, op));
  assert.deepEqual(await Promise.all(Array.from({ length: 6 }, get)), new Array(6).fill('blob'));
  assert.equal(requests.filter(({ url }) => url?.startsWith('/token')).length, 1);
});

test('F5: one caller who gives up does not take the others along', async (t) => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const tokens = await serveHttp(t, (_request, response) => void gate.then(() => response.end('{"token":"t"}')));
  const registry = await serveHttp(t, (request, response) => {
    if (request.headers.authorization === 'Bearer t') response.end('in');
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.address}/"` }).end();
  });
  await using transport = openTransport({ environment: fakeEnvironment() });
  const aborter = new AbortController();
  const first = textOf(ask(transport, registry.address, '/v2/', {}, { signal: aborter.signal }));
  const refused = assert.rejects(first, { name: 'AbortError' });
  while (tokens.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const second = textOf(ask(transport, registry.address, '/v2/'));
  await new Promise((resolve) => setTimeout(resolve, 10));
  aborter.abort();
  await refused;
  release();
  assert.equal(await second, 'in');
  assert.equal(tokens.requests.length, 1);
});

test('F5: the second 401 is final and names what is missing', async (t) => {
  const challenge = (scope: string): string =>
    `Bearer realm="http://${tokens.address}/token",service="registry.test",error="insufficient_scope",scope="${scope}"`;
  const tokens = await startTokenServer(t, {
    anonymous: true,
    users: { user: PASSWORD },
    grant: (scopes) => scopes.map((scope) => scope.replace(/pull,push$/, 'pull')),
  });
  const registry = await scriptedRegistry(t, [], { auth: { kind: 'bearer', tokens, challenge } });
  for (const [credential, code] of [
    [USER, 'REGISTRY_DENIED'],
    [undefined, 'REGISTRY_UNAUTHORIZED'],
  ] as const) {
    await using transport = openTransport({
      environment: fakeEnvironment(),
      credentials: { credentialFor: async () => credential },
      registries: { [registry.address]: { tokenHosts: [tokens.address] } },
    });
    registry.log.clear();
    const push = ask(transport, registry.address, '/v2/team/app/blobs/uploads/', {
      method: 'POST',
      access: PUSH,
      accept: [202],
    });
    await assert.rejects(push, (error: Error & { code: string; details: object }) => {
      assert.equal(error.code, code);
      assert.match(error.message, /permission needed: repository:team\/app:pull,push/);
      return true;
    });
    assert.equal(registry.log.requests.length, 2);
  }
});

test('F5: who began a token request and gave up does not turn its failure into a cancellation of the others', async (t) => {
  const asked = Promise.withResolvers<void>();
  const { address } = await serveHttp(t, async ({ url }, response) => {
    if (!url?.startsWith('/token')) {
      response.setHeader('www-authenticate', `Bearer realm="http://${address}/token"`);
      return response.writeHead(401).end();
    }
    await asked.promise;
    // Cut: what the error says cannot be read.
    response.writeHead(403, { 'content-length': 100 }).write('{');
    return response.socket?.end();
  });
  await using transport = openTransport({ environment: fakeEnvironment() });
  const first = new AbortController();
  const get = (op: object): Promise<string> => textOf(ask(transport, address, '/v2/', {}, op));
  const others = [get({ signal: first.signal }), get({})].map((result) => result.catch((error: unknown) => error));
  setTimeout(() => first.abort(), 50).unref();
  await others[0];
  asked.resolve();
  const failures = (await Promise.all(others)) as (Error & { code?: string })[];
  assert.deepEqual(
    failures.map(({ name, code }) => (name === 'AbortError' ? name : code)),
    ['AbortError', 'REGISTRY_DENIED'],
  );
});

test('F7: a token that expired is replaced before it is used', async (t) => {
  const s = await scene(t, undefined, { expiresIn: 0.002 });
  await blob(s);
  await new Promise((resolve) => setTimeout(resolve, 5));
  s.registry.log.clear();
  await blob(s);
  assert.equal(s.tokens.requests.length, 2);
  assert.equal(s.registry.log.requests.length, 1);
});

test('A1: a credential does not go to a token service that nobody allowed', async (t) => {
  const sink = await startSink(t, { answer: () => ({ status: 200, body: '{"token":"t"}' }) });
  const port = sink.address.split(':')[1];
  let challenges: string[] = [];
  const home = await serveHttp(t, (_request, response) =>
    response.writeHead(401, { 'www-authenticate': challenges }).end(),
  );
  const homePort = home.address.split(':')[1];
  const bearer = (realm: string): string => `Bearer realm="${realm}",service="s"`;
  const table: readonly (readonly [string[], string])[] = [
    [[bearer(`http://127.0.0.1:${port}/token`)], 'REGISTRY_REALM_REFUSED'],
    [[bearer('http://evil.test/token')], 'REGISTRY_REALM_REFUSED'],
    [[bearer('https://evil.test/token')], 'REGISTRY_REALM_REFUSED'],
    [[bearer('https://auth.docker.io/token')], 'REGISTRY_REALM_REFUSED'],
    [[bearer('http://169.254.169.254/token')], 'REGISTRY_REALM_REFUSED'],
    [[bearer('https://169.254.169.254/token')], 'REGISTRY_REALM_REFUSED'],
    [[bearer('https://0.0.0.0/token')], 'REGISTRY_REALM_REFUSED'],
    [[bearer('https://[::ffff:169.254.169.254]/token')], 'REGISTRY_REALM_REFUSED'],
    [[bearer(`https://127.0.0.1:${homePort}/token`)], 'REGISTRY_REALM_REFUSED'],
    [[bearer(`http://user:pw@127.0.0.1:${homePort}/token`)], 'REGISTRY_REALM_REFUSED'],
    [[bearer('ftp://evil.test/')], 'REGISTRY_REALM_REFUSED'],
    [[bearer('/token')], 'REGISTRY_REALM_REFUSED'],
    [[`${bearer(`http://127.0.0.1:${port}/token`)}, Basic realm="x"`], 'REGISTRY_REALM_REFUSED'],
    [['Basic realm="x"', bearer(`http://127.0.0.1:${port}/token`)], 'REGISTRY_REALM_REFUSED'],
  ];
  for (const [headers, code] of table) {
    challenges = headers;
    await using transport = openTransport({
      environment: fakeEnvironment(),
      credentials: { credentialFor: async () => USER },
    });
    const failure = await ask(transport, home.address, '/v2/').catch((error) => error);
    assert.equal(failure.code, code, headers.join());
    assert.doesNotMatch(inspect(failure, { depth: 9 }), /c4nary|user:pw/);
  }
  assert.equal(sink.connections(), 0);
  for (const request of home.requests) assert.equal(request.headers.authorization, undefined);
});

test('A1: the refusal names the setting, and the setting is obeyed', async (t) => {
  const s = await scene(t, USER, { users: { user: PASSWORD } }, { tokenHosts: [] });
  await assert.rejects(blob(s), (error: Error & { hint: string; details: Record<string, unknown> }) => {
    assert.deepEqual(error.details, { registry: s.registry.address, tokenHost: s.tokens.address });
    assert.match(error.hint, new RegExp(`add ${s.tokens.address} to registries.${s.registry.address}.tokenHosts`));
    return true;
  });
  assert.equal(s.tokens.requests.length, 0);
  const allowed = await scene(t, USER, { users: { user: PASSWORD } });
  assert.equal(await blob(allowed), 'blob');
});

test('A1: without a credential any https token service may be asked, but no address of the inside', async (t) => {
  let realm = '';
  const home = await serveHttp(t, (_request, response) =>
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end(),
  );
  const environment = fakeEnvironment({
    lookup: {
      'registry.test': { addresses: ['93.184.216.34'] },
      'auth.test': { addresses: ['93.184.216.35'] },
      'inside.test': { addresses: ['10.0.0.1'] },
    },
    route: { '93.184.216.34:80': home.address, '93.184.216.35:443': '127.0.0.1:1' },
  });
  const code = async (next: string): Promise<string> => {
    realm = next;
    await using transport = openTransport({ environment, registries: { 'registry.test': { plainHttp: true } } });
    return (await ask(transport, 'registry.test', '/v2/', {}, { limits: { retries: 1 } }).catch((error) => error)).code;
  };
  assert.equal(await code('https://auth.test/token'), 'REGISTRY_UNREACHABLE');
  assert.ok(environment.dialled.includes('93.184.216.35:443'));
  assert.equal(await code('https://inside.test/token'), 'REGISTRY_ADDRESS_REFUSED');
  assert.equal(await code('https://169.254.169.254/token'), 'REGISTRY_ADDRESS_REFUSED');
  assert.equal(await code('https://127.0.0.1/token'), 'REGISTRY_ADDRESS_REFUSED');
});

test('a registry may name another token service later', async (t) => {
  const tokens = await startTokenServer(t);
  let realm = 'http://127.0.0.1:1/gone';
  const home = await serveHttp(t, (request, response) => {
    if (request.headers.authorization !== undefined) response.end('in');
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
  });
  await using transport = openTransport({ environment: fakeEnvironment() });
  const op = { limits: { retries: 1 } };
  await assert.rejects(textOf(ask(transport, home.address, '/v2/', {}, op)), { code: 'REGISTRY_UNREACHABLE' });
  realm = tokens.realm;
  await assert.rejects(textOf(ask(transport, home.address, '/v2/', {}, op)), { code: 'REGISTRY_UNREACHABLE' });
  assert.equal(await textOf(ask(transport, home.address, '/v2/', {}, op)), 'in');
});

test('a token service that redirects is refused', async (t) => {
  const s = await scene(t, USER, {
    answer: () => ({ status: 302, body: '', headers: { location: 'http://evil.test/' } }),
  });
  await assert.rejects(blob(s), { code: 'REGISTRY_REALM_REFUSED' });
});

test('F2: a token service that fails for a moment is asked again, one that answers nonsense is not', async (t) => {
  const s = await scene(t, undefined, {
    answer: (_request, count) => (count === 1 ? { status: 503, body: '', headers: { 'retry-after': '0' } } : undefined),
  });
  assert.equal(await blob(s), 'blob');
  for (const body of ['', '<html>', '[]', '{}', `{"token":"${'a'.repeat(70_000)}"}`]) {
    const broken = await scene(t, undefined, { answer: () => ({ status: 200, body }) });
    await assert.rejects(blob(broken), { code: body.length > 65_536 ? 'REGISTRY_LIMIT' : 'REGISTRY_PROTOCOL' });
    assert.equal(broken.tokens.requests.length, 1);
  }
});

test('A11: no secret in errors, events or what inspecting the transport shows', async (t) => {
  const events: OpEvent[] = [];
  const op = { onEvent: (event: OpEvent): void => void events.push(event) };
  const failures: unknown[] = [];
  for (const credential of [
    USER,
    { kind: 'identity', token: PASSWORD },
    { kind: 'bearer', token: PASSWORD },
  ] as const) {
    const echo: TokenServerOptions = {
      answer: ({ authorization, parameters }) => ({
        status: 400,
        body: `you sent ${authorization} ${parameters} ${PASSWORD}`,
      }),
    };
    const s = await scene(t, credential, echo);
    failures.push(await blob(s, PULL, op).catch((error) => error));
    const good = await scene(t, credential, { users: { user: PASSWORD }, identityTokens: [PASSWORD] });
    failures.push(await blob(good, PULL, op).catch((error) => error), good.transport);
    const echoing = await serveHttp(t, (request, response) => {
      const status = request.headers.authorization === undefined ? 401 : 403;
      response
        .writeHead(status, { 'www-authenticate': 'Basic realm="r"' })
        .end(`you sent ${request.headers.authorization}`);
    });
    failures.push(await ask(s.transport, echoing.address, '/v2/', {}, op).catch((error) => error));
  }
  const shown = inspect([events, failures], { depth: 12, showHidden: false }) + JSON.stringify([events, failures]);
  const encoded = Buffer.from(`user:${PASSWORD}`).toString('base64');
  assert.equal(shown.match(/.{200}c4nary.{100}/s)?.[0], undefined);
  assert.ok(!shown.includes(encoded));
});
