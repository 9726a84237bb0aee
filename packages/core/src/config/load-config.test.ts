import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { tempDir } from '@gantry/testkit';
import { judge } from '../trust/judge.ts';
import { clausesFor } from '../trust/policy.ts';
import { resolvedPlugin } from '../trust/resolved-plugin.fixture.ts';
import { configJsonSchema } from './config-json-schema.ts';
import type { Configuration } from './configuration.ts';
import { loadConfig } from './load-config.ts';

/** A working directory and a user, each with the files that a test writes. */
async function place(t: TestContext) {
  const root = await tempDir(t);
  const cwd = join(root, 'work');
  const xdg = join(root, 'xdg');
  for (const directory of [cwd, join(xdg, 'gantry')]) mkdirSync(directory, { recursive: true });
  const users = join(xdg, 'gantry', 'gantry.yaml');
  const here = join(cwd, 'gantry.yaml');
  const load = (
    options: {
      readonly flag?: string;
      readonly env?: Record<string, string>;
      readonly limits?: Record<string, number>;
    } = {},
  ): Promise<Configuration> => {
    const env = { XDG_CONFIG_HOME: xdg, ...options.env };
    const search = options.flag === undefined ? {} : { flag: options.flag };
    return loadConfig({ ...search, cwd, environment: { env } }, { limits: options.limits ?? {} });
  };
  return { root, cwd, users, here, load };
}

/** The code and message of the failure to load a text. */
async function failure(t: TestContext, text: string | Uint8Array, limits?: Record<string, number>) {
  const { here, load } = await place(t);
  writeFileSync(here, text);
  try {
    await load(limits === undefined ? {} : { limits });
  } catch (error) {
    assert.ok(isGantryError(error), String(error));
    return { code: error.code, message: error.message.replace(here, 'gantry.yaml'), hint: error.hint };
  }
  return assert.fail(`accepted: ${String(text).slice(0, 80)}`);
}

const V = 'schemaVersion: 1\n';

test('everything that a file can say', async (t) => {
  const { here, cwd, load } = await place(t);
  writeFileSync(
    here,
    `${V}
registries:
  registry.corp.example:5000:
    tokenHosts: [sso.corp.example]
    caFile: pki/corp.pem
    plainHttp: false
    upload: chunked
    mirrors: [mirror.corp.example/hub]
trust:
  - { scope: GHCR.io/acme/, require: none }
  - { scope: 'https://files.example/', require: digest }
plugins:
  - name: noel
    source: ./noel
    platform: linux/x86_64
    kind: executable
    integrity: sha256-x
    config: { threshold: 3, nested: { list: [1, two, null] } }
    grants: { hosts: [api.example], env: [HOME], paths: ['rw:/tmp'], memory: 64MiB, timeout: 5s }
  - { name: plain, source: 'ghcr.io/acme/plain:1' }
limits: { manifestBytes: 8MiB, redirects: 3, connectTimeout: 1.5s }
`,
  );
  const config = await load();
  assert.equal(config.file, here);
  assert.deepEqual(config.registries, {
    'registry.corp.example:5000': {
      tokenHosts: ['sso.corp.example'],
      caFile: join(cwd, 'pki/corp.pem'),
      plainHttp: false,
      upload: 'chunked',
      mirrors: ['mirror.corp.example/hub'],
    },
  });
  assert.deepEqual(config.policy, {
    fallback: 'digest',
    lists: [
      [
        { scope: 'ghcr.io/acme/', require: 'none', source: `${here}: trust[0]` },
        { scope: 'https://files.example/', require: 'digest', source: `${here}: trust[1]` },
      ],
    ],
  });
  const [noel, plain] = config.plugins;
  assert.deepEqual(JSON.parse(JSON.stringify(noel)), {
    name: 'noel',
    source: './noel',
    base: cwd,
    platform: { os: 'linux', architecture: 'amd64' },
    kind: 'executable',
    integrity: 'sha256-x',
    config: { threshold: 3, nested: { list: [1, 'two', null] } },
    grants: { hosts: ['api.example'], env: ['HOME'], paths: ['rw:/tmp'], memory: 67108864, timeout: 5000 },
  });
  assert.deepEqual(plain?.grants, {});
  assert.deepEqual(config.limits, { manifestBytes: 8388608, redirects: 3, connectTimeout: 1500 });
});

test('without a file the defaults hold', async (t) => {
  const { load } = await place(t);
  const config = await load();
  assert.equal(config.file, undefined);
  assert.deepEqual(config.policy, { fallback: 'digest', lists: [] });
});

test('one file counts: the flag, the variable, the working directory, the user', async (t) => {
  const { root, users, here, load } = await place(t);
  const named = join(root, 'named.yaml');
  const byVariable = join(root, 'variable.yaml');
  for (const file of [named, byVariable, users]) writeFileSync(file, V);
  assert.equal((await load()).file, users);
  writeFileSync(here, V);
  assert.equal((await load()).file, here);
  assert.equal((await load({ env: { GANTRY_CONFIG: byVariable } })).file, byVariable);
  assert.equal((await load({ env: { GANTRY_CONFIG: '' } })).file, here);
  assert.equal((await load({ flag: named, env: { GANTRY_CONFIG: byVariable } })).file, named);
  assert.equal((await load({ flag: '../named.yaml' })).file, named);
  for (const missing of [{ flag: 'nowhere.yaml' }, { env: { GANTRY_CONFIG: join(root, 'nowhere.yaml') } }]) {
    await assert.rejects(load(missing), { code: 'CONFIG_UNREADABLE' });
  }
});

test('in the directory of the user\u2019s own file it is that file, once', async (t) => {
  const { users } = await place(t);
  writeFileSync(users, `${V}trust: [{ scope: a.example/, require: none }]\n`);
  const cwd = dirname(users);
  const config = await loadConfig({ cwd, environment: { env: { XDG_CONFIG_HOME: dirname(cwd) } } });
  assert.equal(config.file, users);
  assert.equal(config.policy.lists.length, 1);
});

test('a configuration that is a directory cannot be read', async (t) => {
  const { here, load } = await place(t);
  mkdirSync(here);
  await assert.rejects(load(), { code: 'CONFIG_UNREADABLE' });
});

test('C16: a file in the working directory tightens trust and never loosens it', async (t) => {
  const { users, here, load } = await place(t);
  writeFileSync(
    users,
    `${V}trust: [{ scope: registry.example/, require: none }, { scope: ghcr.io/acme/, require: digest }]\n`,
  );
  writeFileSync(here, `${V}trust: [{ scope: registry.example/acme/, require: digest }]\n`);
  const { policy } = await load();
  await assert.rejects(judge(resolvedPlugin(), { policy }), { code: 'POLICY_UNPINNED' });
  await judge(resolvedPlugin({ scopeName: 'registry.example/other/tool' }), { policy });
  await assert.rejects(judge(resolvedPlugin({ scopeName: 'ghcr.io/acme/tool' }), { policy }), {
    code: 'POLICY_UNPINNED',
  });

  for (const scope of ['ghcr.io/acme/', 'ghcr.io/acme', 'ghcr.io/acme/tool']) {
    writeFileSync(here, `${V}trust: [{ scope: ${scope}, require: none }]\n`);
    await assert.rejects(load(), { code: 'CONFIG_INVALID', message: /protects with digest/ }, scope);
    assert.equal((await load({ flag: here })).policy.lists.length, 1, 'a named file is the whole configuration');
  }
  writeFileSync(here, `${V}trust: [{ scope: ghcr.io/, require: none }]\n`);
  const wider = (await load()).policy;
  await judge(resolvedPlugin({ scopeName: 'ghcr.io/other/tool' }), { policy: wider });
  await assert.rejects(judge(resolvedPlugin({ scopeName: 'ghcr.io/acme/tool' }), { policy: wider }), {
    code: 'POLICY_UNPINNED',
  });
});

test('C16: a file in the working directory does not put a digest or other keys in the place of a signature', async (t) => {
  const { users, here, load } = await place(t);
  const { publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(dirname(users), 'k.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(users, `${V}trust: [{ scope: ghcr.io/acme/, require: cosign, keys: { file: k.pub } }]\n`);
  const theirs = 'keyless: { issuer: https://issuer.example, identity: a@example.com }';
  for (const entry of ['require: digest', `require: cosign, ${theirs}`]) {
    writeFileSync(here, `${V}trust: [{ scope: ghcr.io/acme/tool, ${entry} }]\n`);
    const { policy } = await load();
    const answering = clausesFor(policy, 'ghcr.io/acme/tool');
    assert.deepEqual(
      answering.map(({ scope, require }) => `${scope} ${require}`),
      ['ghcr.io/acme/ cosign', `ghcr.io/acme/tool ${entry === 'require: digest' ? 'digest' : 'cosign'}`],
      'both must accept',
    );
    assert.equal(answering[0]?.signatures?.keys[0]?.name, 'k.pub');
  }
  writeFileSync(here, `${V}trust: [{ scope: ghcr.io/acme/tool, require: none }]\n`);
  await assert.rejects(load(), { code: 'CONFIG_INVALID', message: /protects with cosign/ });
});

test('C16: limits that verdicts depend on are not loosened by a file in the working directory, others are its own', async (t) => {
  const { users, here, load } = await place(t);
  const names = ['clockSkew', 'trustRootGrace', 'trustRootRefresh'];
  const limits = (value: string): string => `limits: { ${names.map((name) => `${name}: ${value}`).join(', ')} }\n`;
  const found = async (): Promise<readonly unknown[]> => {
    const configuration = await load();
    return names.map((name) => configuration.limits[name]);
  };
  const second = 1000;
  writeFileSync(here, `${V}${limits('9000h')}`);
  assert.deepEqual(
    await found(),
    [9000, 9000, 9000].map((hours) => hours * 3600 * second),
  );
  writeFileSync(users, V);
  assert.deepEqual(await found(), [300 * second, 72 * 3600 * second, 24 * 3600 * second], 'the defaults');
  writeFileSync(users, `${V}${limits('20s')}`);
  assert.deepEqual(await found(), [20 * second, 20 * second, 20 * second], 'what the user says');
  writeFileSync(here, `${V}limits: { lockBytes: 7 }\n`);
  assert.deepEqual(await found(), [20 * second, 20 * second, 20 * second], 'to say nothing is no way out');
  assert.equal((await load()).limits['lockBytes'], 7);
  writeFileSync(here, `${V}${limits('10s')}`);
  assert.deepEqual(await found(), [10 * second, 10 * second, 10 * second], 'tightened');
});

test('C2: unknown keys and unsupported values are errors that name file, line and key', async (t) => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    [
      `${V}plugins: [{ name: a, sorce: x }]\n`,
      'gantry.yaml:2: plugins[0].sorce: unknown key "sorce", did you mean "source"? (and 1 more)',
    ],
    [`${V}registres: {}\n`, 'gantry.yaml:2: registres: unknown key "registres", did you mean "registries"?'],
    [
      `${V}trust:\n  - scope: a.example/\n    requre: none\n    require: none\n`,
      'gantry.yaml:4: trust[0].requre: unknown key "requre", did you mean "require"?',
    ],
    [
      `${V}trust:\n  - { scope: a.example/, require: cosign }\n`,
      'gantry.yaml:3: trust[0].keys: cosign needs keys or keyless: somebody has to sign',
    ],
    [
      `${V}registries:\n  a.example: { cafile: x }\n`,
      'gantry.yaml:3: registries.a.example.cafile: unknown key "cafile", did you mean "caFile"?',
    ],
    [`${V}plugins:\n  - { name: a, source: b, auth: x }\n`, 'gantry.yaml:3: plugins[0].auth: unknown key "auth"'],
    [
      `${V}plugins:\n  - { name: a, source: b, grants: { host: [x] } }\n`,
      'gantry.yaml:3: plugins[0].grants.host: unknown key "host", did you mean "hosts"?',
    ],
    [
      `${V}limits: { manifestByte: 1 }\n`,
      'gantry.yaml:2: limits.manifestByte: unknown key "manifestByte", did you mean "manifestBytes"?',
    ],
    [`${V}querymt: {}\n`, 'gantry.yaml:2: querymt: unknown key "querymt"'],
    [
      `${V}limits:\n  redirects: 5MiB\n`,
      'gantry.yaml:3: limits.redirects: expected a whole number above 0, found "5MiB"',
    ],
    [
      `${V}registries: { Upper.example: {} }\n`,
      'gantry.yaml:2: registries.Upper.example: expected host or host:port in lower case',
    ],
    [
      `${V}plugins: [{ name: ../x, source: b }]\n`,
      'gantry.yaml:2: plugins[0].name: expected letters, digits, dot, dash and underscore, found "../x"',
    ],
    [
      `${V}plugins:\n  - { name: a, source: b }\n  - { name: A, source: c }\n`,
      'gantry.yaml:4: plugins[1].name: it is there twice',
    ],
    [
      `${V}trust:\n  - { scope: a.example, require: none }\n  - { scope: a.example/, require: digest }\n`,
      'gantry.yaml:4: trust[1].scope: it is there twice',
    ],
    ['trust: []\n', 'gantry.yaml:1: schemaVersion: the file has to begin with "schemaVersion: 1"'],
    ['', 'gantry.yaml:1: schemaVersion: the file has to begin with "schemaVersion: 1"'],
    ['- 1\n', 'gantry.yaml:1: schemaVersion: the file has to begin with "schemaVersion: 1"'],
  ];
  for (const [text, message] of cases) {
    const { code, message: found } = await failure(t, text);
    assert.equal(code, 'CONFIG_INVALID', text);
    assert.equal(found, message);
  }
});

test('a newer version is told as such, whatever else it holds', async (t) => {
  const { code, hint } = await failure(t, 'schemaVersion: 2\nsomething: new\n');
  assert.equal(code, 'CONFIG_VERSION');
  assert.match(hint, /update/);
});

test('G2: YAML that says different things to different readers is refused', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    'a tag': `${V}limits: { redirects: !!int 3 }\n`,
    'an unknown tag': `${V}plugins: !include other.yaml\n`,
    'a duplicate key': `${V}limits: {}\nlimits: {}\n`,
    'two documents': `${V}---\n${V}`,
    'YAML 1.1': `%YAML 1.1\n---\n${V}`,
    'a merge key': `${V}registries: { a.example: { <<: { plainHttp: true } } }\n`,
    'a duplicate key in quotes': `${V}limits: {}\n"limits": {}\n`,
    'a complex key': `${V}? [a]\n: b\n`,
    'a number key': `${V}1: b\n`,
    'a boolean of YAML 1.1': `${V}registries: { a.example: { plainHttp: yes } }\n`,
    'an inexact number': `${V}plugins: [{ name: a, source: b, config: { n: 12345678901234567890 } }]\n`,
    'not a number': `${V}plugins: [{ name: a, source: b, config: { n: .nan } }]\n`,
    'a tab for indentation': `${V}limits:\n\tredirects: 1\n`,
    'an unknown alias': `${V}limits: *nothing\n`,
    'bad syntax': `${V}limits: {\n`,
  };
  for (const [name, text] of Object.entries(cases)) assert.equal((await failure(t, text)).code, 'CONFIG_INVALID', name);
  assert.equal((await failure(t, Uint8Array.of(0x73, 0xff, 0xfe))).code, 'CONFIG_INVALID');
});

test('G2: aliases have a budget', async (t) => {
  const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level++) {
    laughs.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  const { code, message } = await failure(t, `${V}${laughs.join('\n')}\n`);
  assert.equal(code, 'CONFIG_INVALID');
  assert.match(message, /aliases/);
});

test('G2: a text that is only nesting is refused before it costs anything', async (t) => {
  for (const text of ['['.repeat(1_000_000), '- '.repeat(500_000), '? '.repeat(500_000), '[{'.repeat(500_000)]) {
    assert.match((await failure(t, text)).message, /nested deeper than 64/, text.slice(0, 8));
  }
});

test('configBytes, configDepth and configAliases hold at n-1, n and n+1', async (t) => {
  const { here, load } = await place(t);
  const accepts = async (text: string, limits: Record<string, number>): Promise<boolean> => {
    writeFileSync(here, text);
    return load({ limits }).then(
      () => true,
      (error: unknown) => {
        assert.ok(isGantryError(error) && error.code === 'CONFIG_INVALID', String(error));
        return false;
      },
    );
  };
  const around = async (text: string, name: string, n: number): Promise<boolean[]> =>
    Promise.all([n - 1, n, n + 1].map((limit) => accepts(text, { [name]: limit })));
  assert.deepEqual(await around(V, 'configBytes', V.length), [false, true, true]);
  const deep = `${V}plugins: [{ name: a, source: b, config: { c: [[[1]]] } }]\n`;
  assert.deepEqual(await around(deep, 'configDepth', 7), [false, true, true]);
  const aliased = `${V}plugins: [{ name: a, source: b, config: { x: &x [1], y: *x, z: *x } }]\n`;
  assert.deepEqual(await around(aliased, 'configAliases', 3), [false, true, true]);
});

test('G1: no key reaches a prototype', async (t) => {
  for (const key of ['__proto__', '"__proto__"', '"\\x5f_proto__"']) {
    const text = `${V}plugins: [{ name: a, source: b, config: { ${key}: { polluted: true } } }]\n`;
    assert.equal((await failure(t, text)).code, 'CONFIG_INVALID', key);
  }
  const { here, load } = await place(t);
  writeFileSync(
    here,
    `${V}plugins: [{ name: a, source: b, config: { constructor: { prototype: { polluted: true } } } }]\n`,
  );
  const [plugin] = (await load()).plugins;
  assert.equal(Object.getPrototypeOf(plugin?.config), null);
  assert.equal('polluted' in {}, false);
  assert.deepEqual(Object.keys(plugin?.config ?? {}), ['constructor']);
});

test('G4: text of a file is shown escaped', async (t) => {
  const { message } = await failure(t, `${V}"\\e[2J\\u202e": 1\n`);
  assert.doesNotMatch(message, /[\u001b\u202e]/);
});

test('the section of Developer Hub holds a platform, and says whether the fallback is strict', async (t) => {
  const { here, load } = await place(t);
  writeFileSync(here, `${V}backstage: { strictFallback: true, platform: linux/arm/v7 }\n`);
  const { backstage } = await load();
  assert.deepEqual(backstage, {
    strictFallback: true,
    platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
  });
  writeFileSync(here, V);
  assert.deepEqual((await load()).backstage, {});
  assert.match((await failure(t, `${V}backstage: { platform: amd64 }\n`)).message, /backstage\.platform/);
});

test('the schema is published as JSON Schema', async () => {
  const schema = await configJsonSchema();
  assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(schema['additionalProperties'], false);
  assert.deepEqual(schema['required'], ['schemaVersion']);
});
