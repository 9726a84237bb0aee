import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, isGantryError } from '@gantry/oci';
import { encodeLock } from './encode-lock.ts';
import type { Lock } from './lock-file.ts';
import { parseLock } from './parse-lock.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const [A, B, C] = [digestOf(bytesOf('a')), digestOf(bytesOf('b')), digestOf(bytesOf('c'))];

const LOCK: Lock = {
  plugins: [
    {
      name: 'alpha',
      source: 'registry.example/acme/alpha:1.0',
      digest: A,
      size: 7,
      platforms: [
        { platform: 'linux/amd64', digest: B, size: 5 },
        { platform: 'linux/arm64', digest: C, size: 6 },
        { platform: null, digest: A, size: 7 },
      ],
      signer: 'key',
      evidence: [B],
    },
    { name: 'beta', source: './beta', digest: B, size: 3, platforms: [], signer: 'unsigned', evidence: [] },
  ],
};

const TEXT = new TextDecoder().decode(encodeLock(LOCK));

test('a lock that was written is read back, and written again it is the same bytes', () => {
  const read = parseLock('gantry.lock', bytesOf(TEXT));
  assert.equal(new TextDecoder().decode(encodeLock(read)), TEXT);
  assert.deepEqual(
    read.plugins.map(({ name }) => name),
    ['alpha', 'beta'],
  );
  const { platforms } = read.plugins[0] ?? {};
  assert.deepEqual(
    platforms?.map(({ platform }) => platform),
    [null, 'linux/amd64', 'linux/arm64'],
  );
});

test('the bytes of a lock depend on what it says alone: keys, plugins, platforms and evidence are sorted', () => {
  const [alpha, beta] = LOCK.plugins;
  assert.ok(alpha !== undefined && beta !== undefined);
  const { evidence, platforms, ...rest } = alpha;
  const shuffled: Lock = {
    plugins: [beta, { evidence: evidence.toReversed(), platforms: platforms.toReversed(), ...rest }],
  };
  assert.equal(new TextDecoder().decode(encodeLock(shuffled)), TEXT);
  const keys = [...TEXT.matchAll(/^ {6}"(\w+)":/gm)].map(([, key]) => key);
  assert.deepEqual(keys.slice(0, 7), keys.slice(0, 7).toSorted());
});

test('E10: a damaged lock is refused with the file and the line where it is', () => {
  const line = (text: string): number => TEXT.slice(0, TEXT.indexOf(text)).split('\n').length;
  const edited = (from: string | RegExp, to: string): string => TEXT.replace(from, to);
  const cases: readonly (readonly [name: string, text: string, line: number | undefined, says: RegExp])[] = [
    ['conflict markers', edited('    {\n', '<<<<<<< HEAD\n    {\n'), 3, /merge conflict/],
    ['the middle of a conflict', edited('    {\n', '=======\n    {\n'), 3, /merge conflict/],
    ['the end of a conflict', edited('    {\n', '>>>>>>> main\r\n    {\n'), 3, /merge conflict/],
    ['nothing', '', 1, /not strict JSON/],
    ['cut in the middle', TEXT.slice(0, 100), undefined, /not strict JSON/],
    ['something after it', `${TEXT}{}`, TEXT.split('\n').length, /something follows/],
    ['a list', '[]', 1, /expected an object/],
    ['null', 'null', 1, /expected an object/],
    ['no version', edited('"schemaVersion": 1', '"other": 1'), 1, /schemaVersion: expected 1/],
    ['version 0', edited('"schemaVersion": 1', '"schemaVersion": 0'), line('"schemaVersion"'), /expected 1/],
    [
      'a version that is a text',
      edited('"schemaVersion": 1', '"schemaVersion": "1"'),
      line('"schemaVersion"'),
      /expected 1/,
    ],
    ['plugins as an object', '{"schemaVersion":1,"plugins":{}}', 1, /plugins: expected a list/],
    ['a plugin that is null', '{"schemaVersion":1,"plugins":[null]}', 1, /plugins\[0\]: expected an object/],
    ['an unknown key', edited('"signer"', '"singer"'), line('"signer"'), /plugins\[0\]\.singer: unknown key/],
    ['an unknown key at the top', edited('"plugins"', '"plugs"'), 2, /plugs: unknown key/],
    [
      'the key of a prototype',
      edited('"schemaVersion"', '"__proto__": {},\n  "schemaVersion"'),
      line('"schemaVersion"'),
      /__proto__: unknown key/,
    ],
    [
      'a key twice',
      edited('"signer": "key"', '"signer": "key",\n"signer": "other"'),
      line('"signer"') + 1,
      /is there twice/,
    ],
    [
      'a name twice',
      edited('"name": "beta"', '"name": "ALPHA"'),
      line('"name": "beta"'),
      /plugins\[1\]\.name: it is there twice/,
    ],
    [
      'a name that is a path',
      edited('"name": "beta"', '"name": "../beta"'),
      line('"name": "beta"'),
      /name of a plugin/,
    ],
    [
      'no digest',
      edited(/"digest": "[^"]*",\n {6}"evidence": \[\]/, '"evidence": []'),
      undefined,
      /plugins\[1\]\.digest: expected a digest/,
    ],
    ['a short digest', edited(A, 'sha256:12'), line(A), /expected a digest/],
    [
      'evidence that is no digest',
      edited(/"evidence": \[\]/, '"evidence": ["x"]'),
      line('"evidence": []'),
      /evidence\[0\]: expected a digest/,
    ],
    ['a size that is a text', edited('"size": 3', '"size": "3"'), line('"size": 3'), /expected a number of bytes/],
    ['a negative size', edited('"size": 3', '"size": -3'), line('"size": 3'), /expected a number of bytes/],
    ['a size with a fraction', edited('"size": 3', '"size": 3.5'), line('"size": 3'), /expected a number of bytes/],
    [
      'a platform that is a number',
      edited('"linux/amd64"', '5'),
      line('"linux/amd64"'),
      /platforms\[1\]\.platform: expected a text/,
    ],
    ['an empty source', edited('"./beta"', '""'), line('"./beta"'), /source: expected a text/],
    ['a signer that is null', edited('"key"', 'null'), line('"key"'), /signer: expected a text/],
  ];
  for (const [name, text, where, says] of cases) {
    assert.throws(
      () => parseLock('/project/gantry.lock', bytesOf(text)),
      (error: unknown) => {
        assert.ok(isGantryError(error), name);
        assert.equal(error.code, 'CONFIG_LOCK_INVALID', name);
        assert.match(error.message, says, name);
        assert.match(
          error.message,
          where === undefined ? /^\/project\/gantry\.lock:\d+: / : new RegExp(`^/project/gantry.lock:${where}: `),
          name,
        );
        return true;
      },
      name,
    );
  }
  assert.throws(() => parseLock('gantry.lock', Uint8Array.of(0xff)), { code: 'CONFIG_LOCK_INVALID' });
});

test('E10: a lock of a newer version says so, whatever else it holds', () => {
  assert.throws(() => parseLock('gantry.lock', bytesOf('{"schemaVersion":2,"new":true}')), { code: 'CONFIG_VERSION' });
});

test('a lock is read up to lockBytes', () => {
  const bytes = bytesOf(TEXT);
  parseLock('gantry.lock', bytes, { limits: { lockBytes: bytes.length } });
  assert.throws(() => parseLock('gantry.lock', bytes, { limits: { lockBytes: bytes.length - 1 } }), {
    code: 'CONFIG_LOCK_INVALID',
    message: /more than/,
  });
});
