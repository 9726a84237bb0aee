import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containersWorld } from './containers.fixture.ts';
import { namedImage } from './image-scopes.ts';
import { loadPolicy, rulesFor } from './load-policy.ts';
import { parsePolicy } from './parse-policy.ts';
import type { PolicyRequirement } from './policy.ts';

const FILE = '/etc/containers/policy.json';
const ANY = { type: 'insecureAcceptAnything' };
const KEY = Buffer.from('key').toString('base64');

function one(requirement: unknown, transport = 'docker'): PolicyRequirement | undefined {
  const text = JSON.stringify({ default: [ANY], transports: { [transport]: { 'registry.example': [requirement] } } });
  return parsePolicy(text, FILE).scopes.get('registry.example')?.[0];
}

test('requirements are read with their keys and identities', () => {
  const identity = { type: 'matchRepoDigestOrExact' };
  const data = { data: Buffer.from('key') };
  const at = `${FILE}: transports.docker["registry.example"][0]`;
  const sigstore = { type: 'sigstoreSigned', keys: [], fulcio: undefined, rekor: [], identity };
  const cases: readonly (readonly [written: Record<string, unknown>, read: unknown])[] = [
    [ANY, ANY],
    [{ type: 'reject' }, { type: 'reject' }],
    [
      { type: 'signedBy', keyType: 'GPGKeys', keyPath: '/a' },
      { type: 'signedBy', keys: [{ path: '/a' }], identity },
    ],
    [
      { type: 'signedBy', keyType: 'GPGKeys', keyPaths: ['/a', '/b'], signedIdentity: { type: 'matchExact' } },
      { type: 'signedBy', keys: [{ path: '/a' }, { path: '/b' }], identity: { type: 'matchExact' } },
    ],
    [
      { type: 'signedBy', keyType: 'GPGKeys', keyData: KEY },
      { type: 'signedBy', keys: [{ ...data, name: `${at}.keyData` }], identity },
    ],
    [
      { type: 'signedBy', keyType: 'X509Certificates', keyPath: '/a' },
      { type: 'unsupported', why: 'signedBy with keyType X509Certificates' },
    ],
    [
      { type: 'sigstoreSigned', keyPath: '/a' },
      { ...sigstore, keys: [{ path: '/a' }] },
    ],
    [
      { type: 'sigstoreSigned', keyDatas: [KEY], rekorPublicKeyPaths: ['/r'] },
      { ...sigstore, keys: [{ ...data, name: `${at}.keyDatas[0]` }], rekor: [{ path: '/r' }] },
    ],
    [
      {
        type: 'sigstoreSigned',
        fulcio: { caPath: '/ca', oidcIssuer: 'https://issuer.example', subjectEmail: 'a@example.com' },
        rekorPublicKeyData: KEY,
        signedIdentity: { type: 'remapIdentity', prefix: 'a.example:5000', signedPrefix: 'b.example/c' },
      },
      {
        ...sigstore,
        fulcio: { authorities: { path: '/ca' }, issuer: 'https://issuer.example', email: 'a@example.com' },
        rekor: [{ ...data, name: `${at}.rekorPublicKeyData` }],
        identity: { type: 'remapIdentity', prefix: 'a.example:5000', signedPrefix: 'b.example/c' },
      },
    ],
    [
      { type: 'sigstoreSigned', pki: {} },
      { type: 'unsupported', why: 'sigstoreSigned with pki' },
    ],
    [
      { type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } },
      { type: 'unsupported', why: 'signedBaseLayer is not enforced by containers/image either' },
    ],
  ];
  for (const [written, read] of cases) assert.deepEqual(one(written), read, JSON.stringify(written));
});

test('C2: what is not understood refuses the whole file and says where', () => {
  const signed = (more: object): object => ({ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/a', ...more });
  const identity = (signedIdentity: object): object => signed({ signedIdentity });
  const fulcio = { caPath: '/ca', oidcIssuer: 'https://issuer.example', subjectEmail: 'a@example.com' };
  const cases: readonly (readonly [requirement: unknown, problem: RegExp])[] = [
    [{}, /\[0\]\.type is not a text/],
    ['reject', /\[0\] is not an object/],
    [{ type: 'acceptAnything' }, /unknown type "acceptAnything"/],
    [{ ...ANY, note: 'x' }, /unknown field "note"/],
    [{ type: 'signedBy', keyPath: '/a' }, /keyType is not a text/],
    [{ type: 'signedBy', keyType: 'GPGKeys' }, /none of keyPath, keyPaths, keyData/],
    [signed({ keyData: KEY }), /has keyPath and keyData of/],
    [signed({ keyring: '/a' }), /unknown field "keyring"/],
    [{ type: 'signedBy', keyType: 'GPGKeys', keyData: '@@' }, /keyData is not base64/],
    [{ type: 'signedBy', keyType: 'GPGKeys', keyPaths: [] }, /keyPaths is not a list with something in it/],
    [{ type: 'signedBy', keyType: 'GPGKeys', keyPaths: [1] }, /keyPaths\[0\] is not a text/],
    [identity({ type: 'matchAll' }), /signedIdentity is of the unknown type "matchAll"/],
    [identity({ type: 'matchExact', x: 1 }), /unknown field "x"/],
    [identity({ type: 'exactReference', dockerReference: 'a.example/b' }), /dockerReference is not a docker reference/],
    [identity({ type: 'exactRepository', dockerRepository: 'a.example/b:1' }), /dockerRepository is not the name/],
    [identity({ type: 'remapIdentity', prefix: 'busybox', signedPrefix: 'a.example' }), /prefix is not host/],
    [
      identity({ type: 'remapIdentity', prefix: 'a.example', signedPrefix: 'a.example/b:1' }),
      /signedPrefix is not host/,
    ],
    [{ type: 'sigstoreSigned' }, /has no key/],
    [{ type: 'sigstoreSigned', keyPath: '/a', fulcio }, /has keyPath and fulcio/],
    [{ type: 'sigstoreSigned', fulcio }, /has fulcio and no rekorPublicKeyPath/],
    [{ type: 'sigstoreSigned', fulcio: { ...fulcio, caData: KEY }, rekorPublicKeyPath: '/r' }, /caPath and caData/],
    [{ type: 'sigstoreSigned', fulcio: { caPath: '/ca' }, rekorPublicKeyPath: '/r' }, /oidcIssuer is not a text/],
    [
      { type: 'sigstoreSigned', keyPath: '/a', rekorPublicKeyPath: '/r', rekorPublicKeyData: KEY },
      /rekorPublicKeyData of/,
    ],
  ];
  for (const [requirement, message] of cases) {
    for (const transport of ['docker', 'atomic']) {
      assert.throws(() => one(requirement, transport), { code: 'CONFIG_CONTAINERS', message });
    }
  }
  const whole: readonly (readonly [text: string, problem: RegExp])[] = [
    ['{}', /policy\.json: default is not a list/],
    ['[]', /policy\.json: the policy is not an object/],
    ['{"default":[]}', /default is not a list with something in it/],
    ['{"default":[{"type":"reject"}],"transport":{}}', /the policy has an unknown field "transport"/],
    ['{"default":[{"type":"reject"}],\n"default":[{"type":"reject"}]}', /policy\.json:2: not strict JSON/],
    ['{"default":[{"type":"reject"}],\n\n}', /policy\.json:3: not strict JSON/],
    ['{"default":[{"type":"reject"}],"transports":{"docker":{"":[]}}}', /transports\.docker\[""\] is not a list/],
  ];
  for (const [text, message] of whole) {
    assert.throws(() => parsePolicy(text, FILE), { code: 'CONFIG_CONTAINERS', message }, text);
  }
});

test('the narrowest scope answers alone, the user’s file instead of the system’s', async (t) => {
  const world = await containersWorld(t);
  assert.equal(loadPolicy(world.places), undefined);
  const signed = (keyPath: string): object[] => [{ type: 'sigstoreSigned', keyPath }];
  const docker = {
    '': signed('/all'),
    'registry.example.com': signed('/host'),
    'registry.example.com/team': signed('/team'),
    'registry.example.com/team/app': signed('/app'),
    'registry.example.com/team/app:1': signed('/tag'),
    '*.example.com': signed('/domain'),
  };
  const file = await world.write(
    'etc/policy.json',
    JSON.stringify({ default: [{ type: 'reject' }], transports: { docker } }),
  );
  const answer = (image: string): string => {
    const policy = loadPolicy(world.places);
    const named = namedImage(image);
    assert.ok(policy && named);
    const { requirements, scope } = rulesFor(policy, named);
    const [first] = requirements;
    const key = first?.type === 'sigstoreSigned' ? first.keys[0] : undefined;
    return `${key !== undefined && 'path' in key ? key.path : first?.type} (${scope})`;
  };
  const cases: readonly (readonly [image: string, answer: string])[] = [
    ['registry.example.com/team/app:1', '/tag (docker, registry.example.com/team/app:1)'],
    ['registry.example.com/team/app:2', '/app (docker, registry.example.com/team/app)'],
    ['registry.example.com/team/app2:1', '/team (docker, registry.example.com/team)'],
    ['registry.example.com/teams/app:1', '/host (docker, registry.example.com)'],
    ['registry.example.com:5000/team/app:1', '/domain (docker, *.example.com)'],
    ['a.b.example.com/app:1', '/domain (docker, *.example.com)'],
    ['example.com/app:1', '/all (docker)'],
  ];
  for (const [image, expected] of cases) assert.equal(answer(image), expected, image);
  assert.equal(loadPolicy(world.places)?.file, file);
  await world.write('home/.config/containers/policy.json', JSON.stringify({ default: [{ type: 'reject' }] }));
  assert.equal(answer('registry.example.com/team/app:1'), 'reject (default)');
});
