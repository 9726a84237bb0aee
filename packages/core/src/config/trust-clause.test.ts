import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf, isGantryError } from '@gantry/oci';
import { tempDir } from '@gantry/testkit';
import type { PolicyClause } from '../trust/policy.ts';
import type { SignatureRequirement } from '../trust/requirement.ts';
import { loadConfig } from './load-config.ts';

const publicKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
const pemOf = (key: ReturnType<typeof publicKey>): string => key.export({ type: 'spki', format: 'pem' }).toString();
const idOf = (key: ReturnType<typeof publicKey>): string => digestOf(key.export({ type: 'spki', format: 'der' }));

const FIRST = publicKey();
const SECOND = publicKey();
const KEYLESS = 'keyless: { issuer: https://issuer.example, identity: a@example.com }';
const KEYS = 'keys: { file: keys.pub }';

/** A directory with two keys, and a loader of gantry.yaml texts in it. */
async function place(t: TestContext) {
  const directory = await tempDir(t);
  const file = join(directory, 'gantry.yaml');
  writeFileSync(join(directory, 'keys.pub'), pemOf(FIRST));
  writeFileSync(join(directory, 'second.pub'), pemOf(SECOND));
  const load = async (entry: string, limits: Record<string, number> = {}): Promise<PolicyClause> => {
    writeFileSync(file, `schemaVersion: 1\ntrust:\n  - ${entry}\n`);
    const { policy } = await loadConfig({ flag: file }, { limits });
    const [clause] = policy.lists[0] ?? [];
    assert.ok(clause !== undefined);
    return clause;
  };
  const requirement = async (fields: string): Promise<SignatureRequirement> => {
    const { signatures } = await load(`{ scope: ghcr.io/acme/, require: cosign, ${fields} }`);
    assert.ok(signatures !== undefined);
    return signatures;
  };
  const failure = async (entry: string, limits?: Record<string, number>): Promise<string> => {
    try {
      await load(entry, limits);
    } catch (error) {
      assert.ok(isGantryError(error), String(error));
      return `${error.code} ${error.message.replaceAll(directory, '')}`;
    }
    return assert.fail(`accepted: ${entry}`);
  };
  return { directory, load, requirement, failure };
}

test('keys alone need nothing but a signature', async (t) => {
  const { requirement } = await place(t);
  assert.deepEqual(await requirement(KEYS), {
    keys: [{ id: idOf(FIRST), name: 'keys.pub', pem: pemOf(FIRST) }],
    identities: [],
    threshold: 1,
    log: 'none',
    timestamp: 'none',
    ct: 'none',
    subject: 'either',
    claims: {},
    trustRoot: { type: 'none' },
  });
});

test('identities need log, time and certificate transparency, of the public instance', async (t) => {
  const { requirement } = await place(t);
  assert.deepEqual(await requirement(KEYLESS), {
    keys: [],
    identities: [{ issuer: { exact: 'https://issuer.example' }, identity: { exact: 'a@example.com' } }],
    threshold: 1,
    log: 'required',
    timestamp: 'any',
    ct: 'required',
    subject: 'either',
    claims: {},
    trustRoot: { type: 'public' },
  });
});

test('everything that an entry can say about keys', async (t) => {
  const { directory, requirement } = await place(t);
  const inline = JSON.stringify(pemOf(SECOND));
  const found = await requirement(
    `keys: [{ file: keys.pub }, { pem: ${inline} }], threshold: 2, log: required, timestamp: tsa, subject: index,
      trustRoot: { trustedRoot: roots/trusted_root.json }, signatureRepository: registry.example:5000/signatures,
      claims: { env: production }, maxOfflineAge: 30d`,
  );
  assert.deepEqual(
    found.keys.map(({ id, name }) => [id, name]),
    [
      [idOf(FIRST), 'keys.pub'],
      [idOf(SECOND), 'trust[0].keys.1'],
    ],
  );
  const { keys: _, identities: __, ...rest } = found;
  assert.deepEqual(rest, {
    threshold: 2,
    log: 'required',
    timestamp: 'tsa',
    ct: 'none',
    subject: 'index',
    claims: { env: 'production' },
    trustRoot: { type: 'file', path: join(directory, 'roots/trusted_root.json') },
    signatureRepository: 'registry.example:5000/signatures',
    maxOfflineAge: 30 * 24 * 3_600_000,
  });
});

test('every field of an identity is a rule of its own', async (t) => {
  const { requirement } = await place(t);
  const { identities } = await requirement(
    `keyless: [
        { issuer: https://a.example, identity: a, sourceRepository: b, ref: refs/heads/main, buildSigner: c, buildConfig: d, runnerEnvironment: e },
        { issuerPattern: 'https://*.example', identityPattern: '/.*@example[.]com/', ref: refs/tags/v* }
      ], threshold: 2`,
  );
  assert.deepEqual(identities, [
    {
      issuer: { exact: 'https://a.example' },
      identity: { exact: 'a' },
      sourceRepository: { exact: 'b' },
      ref: { exact: 'refs/heads/main' },
      buildSigner: { exact: 'c' },
      buildConfig: { exact: 'd' },
      runnerEnvironment: { exact: 'e' },
    },
    {
      issuer: { pattern: 'https://*.example' },
      identity: { pattern: '/.*@example[.]com/' },
      ref: { pattern: 'refs/tags/v*' },
    },
  ]);
});

test('trust roots: the public instance by its mirror, another TUF repository, PEM files', async (t) => {
  const { directory, requirement } = await place(t);
  const rootOf = async (text: string) => (await requirement(`${KEYLESS}, trustRoot: ${text}`)).trustRoot;
  assert.deepEqual(await rootOf('{ tuf: { mirror: https://tuf-repo-cdn.sigstore.dev/ } }'), { type: 'public' });
  assert.deepEqual(await rootOf('{ tuf: { mirror: https://TUF.corp.example/a/, root: root.json } }'), {
    type: 'tuf',
    mirror: 'https://tuf.corp.example/a',
    root: join(directory, 'root.json'),
  });
  writeFileSync(join(directory, 'root.json'), 'x');
  const read = await rootOf('{ tuf: { mirror: https://tuf.corp.example, root: root.json } }');
  assert.equal(read.type === 'tuf' && read.rootDigest, digestOf(Buffer.from('x')));
  const window = 'start: 2024-01-01T00:00:00Z, end: 2034-01-01T00:00:00Z';
  assert.deepEqual(
    await rootOf(
      `{ pem: { fulcio: { file: f.pem, ${window} }, rekor: [{ file: r.pub, url: https://rekor.corp.example }], ct: { file: c.pub }, tsa: [{ file: /etc/t.pem }] } }`,
    ),
    {
      type: 'pem',
      parts: {
        fulcio: [{ path: join(directory, 'f.pem'), start: '2024-01-01T00:00:00Z', end: '2034-01-01T00:00:00Z' }],
        rekor: [{ path: join(directory, 'r.pub'), url: 'https://rekor.corp.example' }],
        ct: [{ path: join(directory, 'c.pub') }],
        tsa: [{ path: '/etc/t.pem' }],
      },
    },
  );
});

test('C2: what cannot be enforced is an error that names file, line, key and why', async (t) => {
  const { failure } = await place(t);
  const cosign: readonly (readonly [fields: string, problem: string])[] = [
    ['log: none', 'trust[0].keys: cosign needs keys or keyless: somebody has to sign'],
    [`${KEYS}, ${KEYLESS}`, 'trust[0].keyless: a signer is one of keys or an identity of keyless, not both'],
    [`${KEYS}, threshold: 2`, 'trust[0].threshold: expected 1 to 1, the number of signers, found 2'],
    [`${KEYS}, threshold: 0`, 'trust[0].threshold: expected a whole number from 1'],
    [`${KEYS}, log: required`, 'trust[0].log: required needs a trustRoot'],
    [`${KEYS}, timestamp: tsa`, 'trust[0].timestamp: tsa needs a trustRoot'],
    [`${KEYS}, timestamp: any`, 'trust[0].timestamp: any needs a trustRoot'],
    [`${KEYS}, timestamp: log`, 'trust[0].timestamp: a time from the log needs log: required'],
    [`${KEYS}, ct: required`, 'trust[0].ct: it is about certificates, and keys have none'],
    [`${KEYS}, ct: none`, 'trust[0].ct: it is about certificates, and keys have none'],
    ['keys: { file: keys.pub, pem: x }', 'trust[0].keys: expected file or pem, one of them'],
    ['keys: [{}]', 'trust[0].keys[0]: expected file or pem, one of them'],
    ['keys: []', 'trust[0].keys: expected at least one'],
    ['keys: keys.pub', 'trust[0].keys: expected object or array, found "keys.pub"'],
    ['keys: [{ flie: keys.pub }]', 'trust[0].keys[0].flie: unknown key "flie", did you mean "file"?'],
    ['keys: { flie: keys.pub }', 'trust[0].keys.flie: unknown key "flie", did you mean "file"?'],
    [`${KEYLESS}, timestamp: none`, 'trust[0].timestamp: a certificate of keyless lives for minutes'],
    [`${KEYLESS}, log: none, timestamp: log`, 'trust[0].timestamp: a time from the log needs log: required'],
    ['keyless: { identity: a@example.com }', 'trust[0].keyless: an identity counts only with the issuer'],
    ['keyless: [{ identity: a@example.com }]', 'trust[0].keyless[0]: an identity counts only with the issuer'],
    ['keyless: { issuer: https://issuer.example }', 'trust[0].keyless: an issuer alone accepts everybody'],
    [
      'keyless: { issuer: a, issuerPattern: a, identity: b }',
      'trust[0].keyless.issuerPattern: expected issuer or issuerPattern, one of them',
    ],
    ['keyless: { issuer: a, identity: "b/*" }', 'trust[0].keyless.identity: it is compared exactly'],
    ['keyless: { issuer: a, buildSigner: "b/*" }', 'trust[0].keyless.buildSigner: it is compared exactly'],
    ['keyless: { issuer: a, identityPattern: "b/**" }', 'trust[0].keyless.identityPattern: * stands for'],
    ['keyless: { issuer: a, identityPattern: "/(?=b)c/" }', 'trust[0].keyless.identityPattern: it is not a regular'],
    ['keyless: { issuer: a, ref: "/(/" }', 'trust[0].keyless.ref: it is not a regular'],
    ['keyless: { issuer: a, identiy: b }', 'trust[0].keyless.identiy: unknown key "identiy", did you mean "identity"?'],
    [
      'keyless: [{ issuer: a, identity: b }, { identity: b, issuer: a }], threshold: 2',
      'trust[0].keyless[1]: it is there twice',
    ],
    [`${KEYLESS}, trustRoot: {}`, 'trust[0].trustRoot: expected tuf, trustedRoot or pem, one of them'],
    [
      `${KEYLESS}, trustRoot: { trustedRoot: a, tuf: { mirror: b } }`,
      'trust[0].trustRoot: expected tuf, trustedRoot or pem, one of them',
    ],
    [`${KEYLESS}, trustRoot: { tuf: { mirror: ftp://a.example } }`, 'trust[0].trustRoot.tuf.mirror: expected an https'],
    [`${KEYLESS}, trustRoot: { tuf: { mirror: https://a.example } }`, 'trust[0].trustRoot.tuf: root is missing'],
    [`${KEYLESS}, trustRoot: { pem: {} }`, 'trust[0].trustRoot.pem: expected fulcio, rekor, ct or tsa'],
    [`${KEYLESS}, trustRoot: { pem: { tsa: { file: a } } }`, 'trust[0].trustRoot.pem: fulcio is missing'],
    [`${KEYLESS}, trustRoot: { pem: { fulcio: { file: a } } }`, 'trust[0].trustRoot.pem: rekor is missing'],
    [
      `${KEYLESS}, log: none, trustRoot: { pem: { fulcio: { file: a } } }`,
      'trust[0].trustRoot.pem: ct is missing, and ct is required',
    ],
    [
      `${KEYLESS}, log: none, ct: none, trustRoot: { pem: { fulcio: { file: a } } }`,
      'trust[0].trustRoot.pem: tsa is missing, and timestamp is any',
    ],
    [
      `${KEYS}, timestamp: tsa, trustRoot: { pem: { rekor: { file: a, url: https://a.example } } }`,
      'trust[0].trustRoot.pem: tsa is missing, and timestamp is tsa',
    ],
    [
      `${KEYLESS}, trustRoot: { pem: { fulcio: { file: a }, rekor: [{ file: a }] } }`,
      'trust[0].trustRoot.pem.rekor[0]: url is missing',
    ],
    [
      `${KEYLESS}, trustRoot: { pem: { fulcio: { file: a, start: 2024-01-01 } } }`,
      'trust[0].trustRoot.pem.fulcio.start: expected a time such as 2026-01-31T00:00:00Z, found "2024-01-01"',
    ],
    [
      `${KEYLESS}, trustRoot: { pem: { fulcio: [{ file: a, start: 2024-01-02T00:00:00Z, end: 2024-01-01T00:00:00Z }] } }`,
      'trust[0].trustRoot.pem.fulcio[0].end: it is before start',
    ],
    [`${KEYS}, signatureRepository: 'a.example/b:tag'`, 'trust[0].signatureRepository: expected host/repository'],
    [`${KEYS}, signatureRepository: 'oci-layout:/a'`, 'trust[0].signatureRepository: expected host/repository'],
    [`${KEYS}, signatureRepository: 'A B'`, 'trust[0].signatureRepository: expected host/repository'],
    [`${KEYS}, maxOfflineAge: 3 weeks`, 'trust[0].maxOfflineAge: expected a time such as 5s, found "3 weeks"'],
    [`${KEYS}, claims: { a: 1 }`, 'trust[0].claims.a: expected string'],
    [`${KEYS}, tlog: none`, 'trust[0].tlog: unknown key "tlog"'],
  ];
  for (const [fields, problem] of cosign) {
    const found = await failure(`{ scope: ghcr.io/acme/, require: cosign, ${fields} }`);
    assert.ok(found.startsWith(`CONFIG_INVALID /gantry.yaml:3: ${problem}`), `${fields}\n${found}`);
  }
  for (const scope of ['https://files.example/', 'file:/srv/plugins']) {
    assert.match(
      await failure(`{ scope: '${scope}', require: cosign, ${KEYS} }`),
      /^CONFIG_INVALID .*:3: trust\[0\]\.require: cosign is for registries and layouts/,
    );
  }
});

test('C2: no field about signatures is accepted where it does nothing', async (t) => {
  const { failure } = await place(t);
  const fields = {
    keys: '{ file: keys.pub }',
    keyless: '{ issuer: a, identity: b }',
    log: 'required',
    timestamp: 'any',
    ct: 'none',
    subject: 'index',
    threshold: '1',
    maxOfflineAge: '1d',
    trustRoot: '{ trustedRoot: a }',
    claims: '{ a: b }',
    signatureRepository: 'a.example/b',
  };
  for (const require of ['digest', 'none']) {
    for (const [field, value] of Object.entries(fields)) {
      const found = await failure(`{ scope: a.example/, require: ${require}, ${field}: ${value} }`);
      assert.match(found, new RegExp(`trust\\[0\\]\\.${field}: it counts with require: cosign only`));
    }
  }
});

test('C6: one key under two names is one key', async (t) => {
  const { directory, failure } = await place(t);
  symlinkSync(join(directory, 'keys.pub'), join(directory, 'alias.pub'));
  const expected = /^CONFIG_INVALID .*trust\[0\]\.keys\[1\]: .* is the same key as keys\.pub/;
  for (const other of ['{ file: alias.pub }', `{ pem: ${JSON.stringify(pemOf(FIRST).replaceAll('\n', '\r\n'))} }`]) {
    assert.match(
      await failure(`{ scope: a.example/, require: cosign, keys: [{ file: keys.pub }, ${other}], threshold: 2 }`),
      expected,
    );
  }
});

test('a key is read when the configuration is, and a bad one is named with its line', async (t) => {
  const { directory, failure, load } = await place(t);
  const entry = '{ scope: a.example/, require: cosign, keys: [{ file: k.pub }] }';
  assert.match(
    await failure(entry),
    /^CONFIG_PATH_UNREADABLE \/gantry\.yaml:3: trust\[0\]\.keys\[0\]: .*k\.pub: there is no such file/,
  );
  assert.match(
    await failure(entry.replace('k.pub', '.')),
    /^CONFIG_PATH_UNREADABLE \/gantry\.yaml:3: .*not a regular file/,
  );
  assert.match(
    await failure(entry.replace('k.pub', "'awskms://alias/x'")),
    /^CONFIG_KEY_UNSUPPORTED \/gantry\.yaml:3: trust\[0\]\.keys\[0\]: .*awskms:\/\/ are not fetched/,
  );
  writeFileSync(join(directory, 'k.pub'), 'not a key');
  assert.match(
    await failure(entry),
    /^CONFIG_KEY_INVALID \/gantry\.yaml:3: trust\[0\]\.keys\[0\]: k\.pub: expected one PEM/,
  );
  assert.match(
    await failure('{ scope: a.example/, require: cosign, keys: { pem: x } }'),
    /^CONFIG_KEY_INVALID \/gantry\.yaml:3: trust\[0\]\.keys: /,
  );
  const size = pemOf(FIRST).length;
  const known = '{ scope: a.example/, require: cosign, keys: [{ file: keys.pub }] }';
  await load(known, { pemBytes: size });
  assert.match(await failure(known, { pemBytes: size - 1 }), /^CONFIG_PATH_UNREADABLE .*more than \d+ bytes/);
});
