import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressKind } from './addresses.ts';
import { originOf } from './origin.ts';
import { addressCheck, judgeOwnUrl, judgeServerUrl, knownRegistry, settingsLookup } from './origin-policy.ts';
import type { RegistrySettings } from './transport.ts';

const FROM = new URL('https://registry.example/v2/a/blobs/uploads/');

function judge(
  target: string,
  registry = 'registry.example',
  zone: AddressKind = 'public',
  settings: Record<string, RegistrySettings> = {},
): URL {
  const settingsOf = settingsLookup(settings);
  const known = knownRegistry(registry, settingsOf);
  return judgeServerUrl(target, new URL('/v2/', known.base), known, zone, settingsOf);
}

test('origins are compared after normalising', () => {
  const same = [
    ['https://Registry.Example', 'https://registry.example:443/x?y'],
    ['http://h', 'http://h:80'],
    ['https://h.', 'https://h'],
    ['https://[::ffff:a00:1]', 'https://10.0.0.1'],
    ['https://0x7f.1', 'https://127.0.0.1'],
  ];
  for (const [a = '', b = ''] of same) assert.equal(originOf(new URL(a)), originOf(new URL(b)));
  assert.notEqual(originOf(new URL('https://h')), originOf(new URL('http://h')));
  assert.notEqual(originOf(new URL('https://h')), originOf(new URL('https://h:444')));
});

test('A5, A6: a Location or Link stays on the origin, its query untouched', () => {
  const known = knownRegistry('registry.example', settingsLookup());
  const located = (target: string): string => judgeOwnUrl(target, FROM, known).href;
  assert.equal(located('/v2/u?_state=a%2Fb+c&d=%3D'), 'https://registry.example/v2/u?_state=a%2Fb+c&d=%3D');
  assert.equal(located('next?n=1'), 'https://registry.example/v2/a/blobs/uploads/next?n=1');
  assert.equal(located('https://REGISTRY.example:443/x'), 'https://registry.example/x');
  const refused = [
    'https://evil.example/x',
    '//evil.example/x',
    'http://registry.example/x',
    'https://registry.example:444/x',
    'https://registry.example.evil.example/',
    'https://user:pw@registry.example/x',
    'http://169.254.169.254/latest',
    'http://10.0.0.1/',
    'ftp://registry.example/',
    'javascript:alert(1)',
    'https://',
  ];
  for (const target of refused) {
    assert.throws(() => judgeOwnUrl(target, FROM, known), { code: 'REGISTRY_REDIRECT_REFUSED' }, target);
  }
});

test('A1, A12: literal addresses that a server names', () => {
  const never = [
    'http://169.254.169.254/',
    'https://0.0.0.0/',
    'https://[::ffff:169.254.169.254]/',
    'https://[fe80::1]/',
    'https://2852039166/',
    'https://0xa9fea9fe/',
  ];
  for (const zone of ['public', 'private', 'loopback'] as const) {
    for (const target of never.map((url) => url.replace('http:', 'https:'))) {
      assert.throws(
        () => judge(target, 'registry.example', zone),
        { code: 'REGISTRY_ADDRESS_REFUSED' },
        `${zone} ${target}`,
      );
    }
    assert.equal(judge('https://93.184.216.34/x', 'registry.example', zone).hostname, '93.184.216.34');
  }
  assert.throws(() => judge('https://10.0.0.1/'), { code: 'REGISTRY_ADDRESS_REFUSED' });
  assert.throws(() => judge('https://127.0.0.1/'), { code: 'REGISTRY_ADDRESS_REFUSED' });
  assert.throws(() => judge('https://127.0.0.1/', 'registry.example', 'private'), { code: 'REGISTRY_ADDRESS_REFUSED' });
  assert.throws(() => judge('https://10.0.0.1/', '127.0.0.1:5000', 'loopback'), { code: 'REGISTRY_ADDRESS_REFUSED' });
  assert.equal(judge('https://10.0.0.1/', 'registry.example', 'private').hostname, '10.0.0.1');
  assert.equal(judge('http://127.0.0.2:9/', '127.0.0.1:5000', 'loopback').host, '127.0.0.2:9');
});

test('A12: a name is judged by what it resolves to', () => {
  const settingsOf = settingsLookup();
  const check = (registry: string, url: string, zone: AddressKind): ((address: string) => void) =>
    addressCheck(knownRegistry(registry, settingsOf), new URL(url), zone);
  const code = { code: 'REGISTRY_ADDRESS_REFUSED' };
  check('registry.example', 'https://cdn.example', 'public')('93.184.216.34');
  assert.throws(() => check('registry.example', 'https://cdn.example', 'public')('10.1.2.3'), code);
  assert.throws(() => check('registry.example', 'https://cdn.example', 'private')('169.254.169.254'), code);
  check('registry.example', 'https://cdn.example', 'private')('10.1.2.3');
  assert.throws(() => check('127.0.0.1:5000', 'http://rebind.example', 'loopback')('127.0.0.1'), code);
  check('127.0.0.1:5000', 'http://localhost:9', 'loopback')('127.0.0.1');
});

test('A13: a server leads to plain http only where a setting or loopback allows it', () => {
  assert.throws(() => judge('http://cdn.example/'), { code: 'REGISTRY_REDIRECT_REFUSED' });
  assert.throws(() => judge('http://cdn.example/', '127.0.0.1:5000', 'loopback'), { code: 'REGISTRY_PLAIN_HTTP' });
  const plain = { 'registry.example': { plainHttp: true } };
  assert.equal(judge('http://cdn.example/', 'registry.example', 'public', plain).host, 'cdn.example');
  const target = { 'cdn.example': { plainHttp: true } };
  assert.equal(judge('http://cdn.example/', '127.0.0.1:5000', 'loopback', target).host, 'cdn.example');
  assert.throws(() => judge('http://cdn.example/', 'registry.example', 'public', target), {
    code: 'REGISTRY_REDIRECT_REFUSED',
  });
});
