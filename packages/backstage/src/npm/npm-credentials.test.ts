import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialOf, registryOf, withoutUserinfo } from './npm-credentials.ts';

const SETTINGS = {
  registry: 'https://npm.example/',
  '@acme:registry': 'https://host.example:8443/npm/acme',
  '@plain:registry': 'http://plain.example/',
  '//npm.example/:_authToken': 'token',
  '//host.example:8443/npm/acme/:_auth': 'dXNlcjpwdw==',
  '//host.example:8443/npm/:username': 'user',
  '//host.example:8443/npm/:_password': Buffer.from('pässword').toString('base64'),
  '//plain.example/:_authToken': 'plain-token',
  '//slashless.example:_authToken': 'slashless',
  '//cert.example/:certfile': '/c.pem',
  '//cert.example/:keyfile': '/k.pem',
  '//half.example/:certfile': '/c.pem',
};

test('the registry of a scope, else the default one', () => {
  assert.equal(registryOf(SETTINGS, undefined).href, 'https://npm.example/');
  assert.equal(registryOf(SETTINGS, '@acme').href, 'https://host.example:8443/npm/acme/');
  assert.equal(registryOf(SETTINGS, '@other').href, 'https://npm.example/');
  assert.equal(registryOf({}, undefined).href, 'https://registry.npmjs.org/');
});

for (const [url, expected] of [
  ['https://npm.example/x', 'Bearer token'],
  ['https://npm.example:443/x/-/x.tgz', 'Bearer token'],
  ['https://host.example:8443/npm/acme/@acme%2fx', 'Basic dXNlcjpwdw=='],
  ['https://host.example:8443/npm/other/x', `Basic ${Buffer.from('user:pässword').toString('base64')}`],
  ['https://host.example:8443/elsewhere', undefined],
  ['https://host.example/npm/acme/x', undefined],
  ['https://slashless.example/x', 'Bearer slashless'],
  ['http://plain.example/x', 'Bearer plain-token'],
  ['https://plain.example/x', 'Bearer plain-token'],
  ['https://notnpm.example/', undefined],
  ['https://npm.example.evil/', undefined],
  ['https://evil/npm.example/', undefined],
  ['https://evil.npm.example/', undefined],
] as const) {
  test(`A9: ${url} gets ${expected ?? 'nothing'}`, () => {
    assert.equal(credentialOf(SETTINGS, new URL(url))?.authorization, expected);
  });
}

test('A2: a token for a host is not sent over plain HTTP that nobody configured', () => {
  assert.equal(credentialOf(SETTINGS, new URL('http://npm.example/x')), undefined);
  assert.equal(credentialOf(SETTINGS, new URL('http://npm.example:443/x')), undefined);
});

test('a tarball beside the path of its registry gets the credential of the registry, on the same origin only', () => {
  const registry = new URL('https://host.example:8443/npm/acme/');
  const of = (url: string): string | undefined => credentialOf(SETTINGS, new URL(url), registry)?.authorization;
  assert.equal(of('https://host.example:8443/files/x.tgz'), 'Basic dXNlcjpwdw==');
  assert.equal(of('https://host.example/files/x.tgz'), undefined);
  assert.equal(of('https://other.example:8443/files/x.tgz'), undefined);
});

test('a client certificate needs its key', () => {
  assert.deepEqual(credentialOf(SETTINGS, new URL('https://cert.example/x')), {
    authorization: undefined,
    certFile: '/c.pem',
    keyFile: '/k.pem',
  });
  assert.equal(credentialOf(SETTINGS, new URL('https://half.example/x')), undefined);
});

test('A11: userinfo of a URL becomes a header and stands in the URL no more', () => {
  const { url, authorization } = withoutUserinfo(new URL('https://us%40er:p%3Aw@host.example/x.tgz?q'));
  assert.equal(url.href, 'https://host.example/x.tgz?q');
  assert.equal(authorization, `Basic ${Buffer.from('us@er:p:w').toString('base64')}`);
});
