import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalRegistry, registryBaseUrl } from './registry-host.ts';

test('A9: a registry has one spelling', () => {
  const table: readonly (readonly [string, string])[] = [
    ['GHCR.io', 'ghcr.io'],
    ['ghcr.io.', 'ghcr.io'],
    ['ghcr.io:443', 'ghcr.io'],
    ['ghcr.io:5000', 'ghcr.io:5000'],
    ['[::1]:5000', '[::1]:5000'],
    ['[0:0:0:0:0:0:0:1]', '[::1]'],
    ['[::ffff:7f00:1]:5000', '127.0.0.1:5000'],
    ['index.docker.io', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['notghcr.io', 'notghcr.io'],
    ['ghcr.io.evil.example', 'ghcr.io.evil.example'],
    ['evildocker.io', 'evildocker.io'],
  ];
  for (const [written, expected] of table) assert.equal(canonicalRegistry(written), expected);
});

test('A15: nothing but a host and a port is a registry', () => {
  const hostile = [
    '',
    'a b',
    'host/path',
    'host?x',
    'host#x',
    'user@host',
    'host\r\nx: y',
    'host%0d%0a',
    '..',
    'a。b',
    'host:99999',
    'host:',
    ':5000',
    '-host',
    '[::1',
    'ho\u0000st',
  ];
  for (const registry of hostile) {
    assert.throws(() => canonicalRegistry(registry), { code: 'REFERENCE_INVALID' }, JSON.stringify(registry));
  }
});

test('A11: userinfo that somebody wrote before a registry is not repeated', () => {
  for (const text of ['user:c4nary@registry.test', 'https://user:c4nary@registry.test/', 'registry.test?token=c4nary'])
    assert.throws(
      () => canonicalRegistry(text),
      (error: Error) => !error.message.includes('c4nary') && error.message.includes('registry.test'),
    );
});

test('A13: plain http only on literal loopback, or when a setting says so', () => {
  const scheme = (registry: string, settings = {}): string => registryBaseUrl(registry, settings).protocol;
  for (const registry of ['localhost:5000', '127.0.0.1:5000', '[::1]:5000', 'localhost']) {
    assert.equal(scheme(registry), 'http:', registry);
    assert.equal(scheme(registry, { plainHttp: false }), 'https:', registry);
    assert.equal(scheme(registry, { caFile: '/ca.pem' }), 'https:', registry);
    assert.equal(scheme(registry, { clientCertFile: '/c.pem' }), 'https:', registry);
    assert.equal(scheme(registry, { caFile: '/ca.pem', plainHttp: true }), 'http:', registry);
  }
  for (const registry of ['localhost.evil.com', '127.0.0.1.evil.com', 'x.local', 'LOCALHOST.', '127.1', 'ghcr.io']) {
    assert.equal(scheme(registry), 'https:', registry);
  }
  assert.equal(scheme('ghcr.io', { plainHttp: true }), 'http:');
});

test('Docker Hub is asked where its API is', () => {
  for (const name of ['docker.io', 'index.docker.io']) {
    assert.equal(registryBaseUrl(name, {}).href, 'https://registry-1.docker.io/');
  }
});
