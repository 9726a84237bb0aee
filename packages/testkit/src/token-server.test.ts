import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedRegistry } from './scripted-registry.ts';
import { startTokenServer } from './token-server.ts';

async function tokenFor(realm: string, query: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const answer = await fetch(`${realm}?${query}`, init);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Record<string, unknown>;
}

test('a registry wants a token that has the scope', async (t) => {
  const tokens = await startTokenServer(t);
  const registry = await scriptedRegistry(t, [], { auth: { kind: 'bearer', tokens } });
  const refused = await fetch(`${registry.url}/v2/team/app/tags/list`);
  assert.equal(refused.status, 401);
  const challenge = `Bearer realm="${tokens.realm}",service="registry.test",scope="repository:team/app:pull"`;
  assert.equal(refused.headers.get('www-authenticate'), challenge);

  const { token, expires_in } = await tokenFor(tokens.realm, 'scope=repository:team/app:pull');
  assert.equal(expires_in, 300);
  const authorization = `Bearer ${token}`;
  const ask = async (path: string, method: string): Promise<number> =>
    (await fetch(`${registry.url}${path}`, { method, headers: { authorization } })).status;
  assert.equal(await ask('/v2/', 'GET'), 200);
  assert.equal(await ask('/v2/team/app/tags/list', 'GET'), 404);
  assert.equal(await ask('/v2/team/app/blobs/uploads/', 'POST'), 401);
  assert.equal(await ask('/v2/team/other/tags/list', 'GET'), 401);
  tokens.revoke();
  assert.equal(await ask('/v2/', 'GET'), 401);
});

test('users, identity tokens and nobody else', async (t) => {
  const tokens = await startTokenServer(t, { users: { ann: 'p:w' }, identityTokens: ['id-1'] });
  const basic = (text: string): RequestInit => ({
    headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` },
  });
  const post = (form: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(form) });
  const status = async (init?: RequestInit): Promise<number> => (await fetch(tokens.realm, init)).status;
  assert.equal(await status(), 401);
  assert.equal(await status(basic('ann:wrong')), 401);
  assert.equal(await status(basic('toString:x')), 401);
  assert.equal(await status(basic('ann:p:w')), 200);
  assert.equal(await status(post({ grant_type: 'refresh_token', refresh_token: 'id-1' })), 200);
  assert.equal(await status(post({ grant_type: 'refresh_token', refresh_token: 'id-2' })), 401);
  assert.equal(await status(post({ username: 'ann', password: 'p:w' })), 200);
  assert.deepEqual(
    tokens.requests.map((request) => request.method),
    ['GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'POST'],
  );
});

test('answers as the options say', async (t) => {
  const odd = await startTokenServer(t, { expiresIn: -1, issuedAt: 'never', field: 'access_token', post: 405 });
  const document = await tokenFor(odd.realm, '');
  assert.deepEqual([document['expires_in'], document['issued_at'], document['token']], [-1, 'never', undefined]);
  assert.equal((await fetch(odd.realm, { method: 'POST' })).status, 405);

  const narrow = await startTokenServer(t, { expiresIn: undefined, grant: () => ['repository:a:pull'] });
  const { token, ...rest } = await tokenFor(narrow.realm, 'scope=repository:a:pull,push');
  assert.deepEqual(rest, {});
  assert.equal(narrow.allows(String(token), { repository: 'a', action: 'pull' }), true);
  assert.equal(narrow.allows(String(token), { repository: 'a', action: 'push' }), false);

  const raw = await startTokenServer(t, { answer: (_request, count) => ({ status: 500 + count, body: 'no' }) });
  assert.deepEqual([(await fetch(raw.realm)).status, (await fetch(raw.realm)).status], [501, 502]);
});

test('basic authentication', async (t) => {
  const registry = await scriptedRegistry(t, [], { auth: { kind: 'basic', users: { ann: 'pw' } } });
  const refused = await fetch(`${registry.url}/v2/`);
  assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Basic realm="registry"']);
  const authorization = `Basic ${Buffer.from('ann:pw').toString('base64')}`;
  assert.equal((await fetch(`${registry.url}/v2/`, { headers: { authorization } })).status, 200);
});
