import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { type Files, load, loadPlugins, pluginList } from './load.fixture.ts';

const MAIN = 'dynamic-plugins.yaml';

test('without a configuration, or with an empty one, nothing is asked for', async (t) => {
  const missing = await load(t, {});
  assert.deepEqual(missing.result, { state: 'missing' });
  assert.deepEqual(missing.said, ['No dynamic-plugins.yaml file found. Skipping dynamic plugins installation.']);
  const directory = await load(t, { [`${MAIN}/file`]: '' });
  assert.deepEqual(directory.result, { state: 'missing' }, 'a directory of that name is no file');
  for (const text of ['', '# nothing\n', 'null\n', '~\n', "''\n"]) {
    const empty = await load(t, { [MAIN]: text });
    assert.deepEqual(empty.result, { state: 'empty' }, text);
    assert.deepEqual(empty.said, ['dynamic-plugins.yaml file is empty. Skipping dynamic plugins installation.']);
  }
});

const REFUSED: readonly (readonly [files: Files, message: string, code?: string])[] = [
  [{ [MAIN]: '- a\n' }, 'dynamic-plugins.yaml content must be a YAML object (dynamic-plugins.yaml:1)'],
  [{ [MAIN]: 'text\n' }, 'dynamic-plugins.yaml content must be a YAML object (dynamic-plugins.yaml:1)'],
  [
    { [MAIN]: 'plugins: []\nincludes: a.yaml\n' },
    "content of the 'includes' field must be a list in dynamic-plugins.yaml (dynamic-plugins.yaml:2, includes)",
  ],
  [
    { [MAIN]: 'includes:\n  - a.yaml\n  - 3\n' },
    "content of the 'includes' field must be a list of strings in dynamic-plugins.yaml (dynamic-plugins.yaml:3, includes[1])",
  ],
  [{ [MAIN]: 'includes: [a.yaml]\n', 'a.yaml': '- x\n' }, 'a.yaml content must be a YAML object (a.yaml:1)'],
  [{ [MAIN]: 'includes: [a.yaml]\n', 'a.yaml': '' }, 'a.yaml content must be a YAML object (a.yaml:1)'],
  [
    { [MAIN]: 'includes: [a.yaml]\n', 'a.yaml': '#\nplugins: 5\n' },
    "content of the 'plugins' field must be a list in a.yaml (a.yaml:2, plugins)",
  ],
  [
    { [MAIN]: 'plugins:\n' },
    "content of the 'plugins' field must be a list in dynamic-plugins.yaml (dynamic-plugins.yaml:1, plugins)",
  ],
  [
    { [MAIN]: 'plugins:\n  - ./a\n' },
    "content of the 'plugins' field must be a list of objects in dynamic-plugins.yaml (dynamic-plugins.yaml:2, plugins[0])",
  ],
  [
    { [MAIN]: 'plugins:\n  - package: ./a\n  - disabled: true\n' },
    "content of the 'plugins.package' field must be a string in dynamic-plugins.yaml (dynamic-plugins.yaml:3, plugins[1].package)",
  ],
  [
    { [MAIN]: 'plugins:\n  - disabled: true\n    package: 1.0\n' },
    "content of the 'plugins.package' field must be a string in dynamic-plugins.yaml (dynamic-plugins.yaml:3, plugins[0].package)",
  ],
  [
    { [MAIN]: pluginList("package: ''") },
    "content of the 'plugins.package' field is empty in dynamic-plugins.yaml (dynamic-plugins.yaml:2, plugins[0].package)",
  ],
  [
    { [MAIN]: pluginList("package: 'oci://r.io/p!x'") },
    "oci package 'oci://r.io/p!x' is not in the expected format 'oci://<registry>:<tag>' or 'oci://<registry>@<algo>:<digest>' " +
      "(optionally followed by '!<path>') in dynamic-plugins.yaml where <registry> may include a port (e.g. host:5000/path) " +
      "and <algo> is one of ('sha512', 'sha384', 'sha256') (dynamic-plugins.yaml:2, plugins[0].package)",
  ],
  [
    { [MAIN]: pluginList('package: ./a', 'package: ./a, disabled: true') },
    'Duplicate plugin configuration for ./a found in dynamic-plugins.yaml. (dynamic-plugins.yaml:3, plugins[1].package)',
    'CONFIG_PLUGIN_DUPLICATE',
  ],
  [
    { [MAIN]: pluginList('package: a@1.0.0', 'package: a@2.0.0') },
    'Duplicate plugin configuration for a@2.0.0 found in dynamic-plugins.yaml. (dynamic-plugins.yaml:3, plugins[1].package)',
    'CONFIG_PLUGIN_DUPLICATE',
  ],
  [
    {
      [MAIN]: 'includes: [a.yaml, b.yaml]\n',
      'a.yaml': pluginList('package: ./a'),
      'b.yaml': pluginList('package: ./a'),
    },
    'Duplicate plugin configuration for ./a found in b.yaml. (b.yaml:2, plugins[0].package)',
    'CONFIG_PLUGIN_DUPLICATE',
  ],
  [{ [MAIN]: pluginList('package: ./a, <<: 3') }, '', 'CONFIG_DYNAMIC_PLUGINS'],
];

test('G6: a file that is no configuration is refused with the text of the original, file, line and key', async (t) => {
  for (const [files, message, code = 'CONFIG_DYNAMIC_PLUGINS'] of REFUSED) {
    await assert.rejects(load(t, files), (error) => {
      assert.ok(isGantryError(error), String(error));
      assert.equal(error.code, code);
      if (message !== '') assert.equal(error.message, message);
      return true;
    });
  }
});

test('a package of a scope without quotes is answered with the corrected line', async (t) => {
  const text = 'plugins:\n  - package: @acme/plugin@1.0.0 # ours\n    disabled: false\n';
  await assert.rejects(load(t, { [MAIN]: text }), (error) => {
    assert.ok(isGantryError(error));
    assert.match(error.message, /dynamic-plugins\.yaml:2/);
    assert.match(error.hint, /- package: "@acme\/plugin@1\.0\.0"/);
    return true;
  });
});

test('the size of a file is limited', async (t) => {
  const text = pluginList('package: ./a');
  await loadPlugins(t, { [MAIN]: text }, { limits: { dynamicPluginsBytes: text.length } });
  await assert.rejects(load(t, { [MAIN]: text }, { limits: { dynamicPluginsBytes: text.length - 1 } }), {
    code: 'CONFIG_DYNAMIC_PLUGINS',
  });
  await assert.rejects(
    load(
      t,
      { [MAIN]: 'includes: [a]\n', a: `#${'x'.repeat(40)}\n${text}` },
      { limits: { dynamicPluginsBytes: text.length } },
    ),
    { code: 'CONFIG_DYNAMIC_PLUGINS', message: /^a cannot be read: it has more than/ },
  );
});

test('includes come first, one level deep; one that is missing is passed over', async (t) => {
  const { loaded, said } = await loadPlugins(t, {
    [MAIN]: `includes: [a.yaml, sub/b.yaml, gone.yaml, none.yaml]\n${pluginList('package: ./main')}`,
    'a.yaml': `includes: [deep.yaml]\n${pluginList('package: ./a')}`,
    'sub/b.yaml': pluginList('package: b@1.0.0'),
    'deep.yaml': pluginList('package: ./deep'),
    'none.yaml': 'other: 1\n',
  });
  assert.deepEqual(
    loaded.plugins.map(({ key, level }) => [key, level]),
    [
      ['./a', 0],
      ['b', 0],
      ['./main', 1],
    ],
  );
  assert.deepEqual(said.slice(0, 5), [
    '======= Including dynamic plugins from a.yaml',
    '======= Including dynamic plugins from sub/b.yaml',
    '======= Including dynamic plugins from gone.yaml',
    'WARNING: File gone.yaml does not exist, skipping including dynamic packages from gone.yaml',
    '======= Including dynamic plugins from none.yaml',
  ]);
});

test('the default file of a catalog index takes the place of the embedded one', async (t) => {
  const { loaded: index } = await loadPlugins(t, { [MAIN]: pluginList('package: ./x') });
  assert.equal(index.plugins.length, 1);
  const files = {
    [MAIN]: `includes: [first.yaml, dynamic-plugins.default.yaml, dynamic-plugins.default.yaml]\n`,
    'first.yaml': pluginList('package: ./first'),
    'dynamic-plugins.default.yaml': pluginList('package: ./embedded'),
  };
  const catalog = `${import.meta.dirname}/no-such-catalog/dynamic-plugins.default.yaml`;
  const { loaded, said } = await loadPlugins(t, files, {
    catalogDefault: { file: catalog, shownAs: 'quay.io/rhdh/index:1.9/dynamic-plugins.default.yaml' },
  });
  assert.deepEqual(
    loaded.plugins.map(({ key }) => key),
    ['./first', './embedded'],
    'only the first of them is replaced',
  );
  assert.equal(
    said[0],
    '======= Replacing dynamic-plugins.default.yaml with catalog index: quay.io/rhdh/index:1.9/dynamic-plugins.default.yaml',
  );
  assert.ok(
    said.some((line) => line.startsWith('WARNING: File quay.io/rhdh/index:1.9/dynamic-plugins.default.yaml does')),
  );
  const unused = await loadPlugins(
    t,
    { [MAIN]: 'plugins: []\n' },
    { catalogDefault: { file: catalog, shownAs: 'index' } },
  );
  assert.deepEqual(unused.said, [], 'it is used only where it is included');
});

test('SKIP_INTEGRITY_CHECK is said where the original says it', async (t) => {
  const { said } = await loadPlugins(t, { [MAIN]: pluginList() }, { skipIntegrity: true });
  assert.deepEqual(said, [
    'SKIP_INTEGRITY_CHECK has been set to True, skipping integrity check of remote NPM packages',
  ]);
});

test('packages become sources, and fields what they are for', async (t) => {
  const { loaded } = await loadPlugins(t, {
    [MAIN]: pluginList(
      "package: 'oci://r.io:5000/a/p:latest!x', version: mine, extra: 1",
      "package: 'oci://r.io/q@sha256:abc!y', pullPolicy: Always",
      'package: ./local, forceDownload: true',
      "package: '@acme/p@1.0.0', integrity: sha512-x, pluginConfig: { a: 1 }",
      'package: https://h.example/p.tgz, pullPolicy: IfNotPresent',
    ),
  });
  const [latest, digest, local, npm, tarball] = loaded.plugins;
  assert.deepEqual(latest?.source, {
    type: 'oci',
    repository: 'r.io:5000/a/p',
    version: 'latest',
    image: 'r.io:5000/a/p:latest',
    path: 'x',
  });
  assert.equal(latest?.pullPolicy, 'Always');
  assert.deepEqual([...(latest?.record.keys() ?? [])], ['package', 'extra'], 'the version is for us to say');
  assert.deepEqual(
    [digest?.source.type === 'oci' && digest.source.image, digest?.pullPolicy],
    ['r.io/q@sha256:abc', 'Always'],
  );
  assert.deepEqual([local?.source, local?.forceDownload], [{ type: 'local', directory: './local' }, true]);
  assert.deepEqual(npm?.source, { type: 'npm', spec: '@acme/p@1.0.0' });
  assert.equal(npm?.pluginConfig?.entries.size, 1);
  assert.equal(npm?.integrity?.type === 'string' && npm.integrity.value, 'sha512-x');
  assert.equal(npm?.origins.get('integrity')?.line, 5);
  assert.deepEqual([tarball?.source.type, tarball?.pullPolicy, tarball?.enabled], ['npm', 'IfNotPresent', true]);
});

const SWITCHES: readonly (readonly [fields: string, enabled: boolean, warning?: RegExp])[] = [
  ['extra: 1', true],
  ['disabled: true', false],
  ['disabled: false', true],
  ['disabled: yes', false, /yes/],
  ['disabled: on', false, /on/],
  ['disabled: off', true, /off/],
  ['enabled: no', false, /no/],
  ['disabled: null', true],
  ["disabled: 'false'", false, /non-boolean 'disabled', which is read as true \(dynamic-plugins\.yaml:2, disabled\)/],
  ["disabled: ''", true, /non-boolean 'disabled', which is read as false/],
  ['disabled: 1', false, /non-boolean/],
  ['disabled: 0', true, /non-boolean/],
  ['disabled: []', true, /non-boolean/],
  ['disabled: 2001-01-01', false, /non-boolean/],
  ['enabled: false', false],
  ['enabled: true', true],
  ["enabled: 'false'", true, /non-boolean 'enabled', which is ignored/],
  ['enabled: true, disabled: true', true, /specifies both 'enabled' and 'disabled': 'enabled' wins/],
  ['enabled: false, disabled: false', false, /specifies both/],
];

test('a plugin is switched as Python reads it, and what is doubtful is a warning', async (t) => {
  for (const [fields, enabled, warning] of SWITCHES) {
    const { loaded, said } = await loadPlugins(t, { [MAIN]: pluginList(`package: ./a, ${fields}`) });
    assert.equal(loaded.plugins[0]?.enabled, enabled, fields);
    const warnings = said.filter((line) => line.startsWith('WARNING'));
    if (warning === undefined) assert.deepEqual(warnings, [], fields);
    else assert.match(warnings.join('\n'), warning, fields);
  }
});

test('fields that hold what is not meant for them are warned about', async (t) => {
  const { loaded, said } = await loadPlugins(t, {
    [MAIN]: pluginList("package: ./a, pullPolicy: Never, forceDownload: 'no', pluginConfig: [1]"),
  });
  const [plugin] = loaded.plugins;
  assert.deepEqual(
    [plugin?.pullPolicy, plugin?.forceDownload, plugin?.pluginConfig],
    ['IfNotPresent', true, undefined],
  );
  const warnings = said.filter((line) => line.startsWith('WARNING: plugin ./a '));
  assert.deepEqual(
    warnings.map((line) => / \(dynamic-plugins\.yaml:2, (\w+)\)$/.exec(line)?.[1]),
    ['forceDownload', 'pullPolicy', 'pluginConfig'],
  );
});

test('git repositories are refused with their own code, unless they are switched off', async (t) => {
  for (const spec of ['github:acme/p', 'acme/p#main', 'git+https://h.example/p.git', 'p@acme/p']) {
    await assert.rejects(load(t, { [MAIN]: pluginList(`package: '${spec}'`) }), (error) => {
      assert.ok(isGantryError(error));
      assert.equal(error.code, 'CONFIG_GIT_PACKAGE');
      assert.equal(error.message, `${spec} names a git repository (dynamic-plugins.yaml:2, plugins[0].package)`);
      assert.match(error.hint, /OCI image/);
      return true;
    });
    const { loaded } = await loadPlugins(t, { [MAIN]: pluginList(`package: '${spec}', disabled: true`) });
    assert.equal(loaded.plugins[0]?.enabled, false);
  }
});

const PATHS: readonly (readonly [path: string, problem: RegExp])[] = [
  ['/etc', /Invalid plugin path \(absolute\): \/etc/],
  ['../x', /Invalid plugin path \(path traversal detected\): \.\.\/x/],
  ['a/../b', /path traversal detected/],
  ['a//b', /Invalid plugin path/],
  ['.', /path traversal detected/],
  ['a/b', /nested/],
  ['.gantry-x', /kept for the installer/],
  ['app-config.dynamic-plugins.yaml', /kept for the installer/],
  ['x'.repeat(256), /too long/],
  ['a\\b', /not a plain name/],
];

test('D1: a directory in an image that cannot be one of the root is refused, unless it is switched off', async (t) => {
  for (const [path, problem] of PATHS) {
    const entry = `package: 'oci://r.io/p:1!${path}'`;
    await assert.rejects(load(t, { [MAIN]: pluginList(entry) }), (error) => {
      assert.ok(isGantryError(error));
      assert.equal(error.code, 'CONFIG_PLUGIN_PATH', path);
      assert.match(error.message, problem);
      assert.match(error.message, /\(dynamic-plugins\.yaml:2, plugins\[0\]\.package\)$/);
      if (path === 'a/b') assert.match(error.hint, /first level/);
      return true;
    });
    await loadPlugins(t, { [MAIN]: pluginList(`${entry}, disabled: true`) });
  }
  await loadPlugins(t, { [MAIN]: pluginList(`package: 'oci://r.io/p:1!${'x'.repeat(255)}'`) });
});

const SHARED: readonly (readonly [first: string, second: string])[] = [
  ['oci://r.io/p:1!x', 'oci://r.io/q:1!x'],
  ['oci://r.io/a/p:1', 'oci://r.io/b/p:1'],
  ['p@1.0.0', 'other@npm:p@1.0.0'],
  ['@acme/p@1.0.0', 'acme-p@1.0.0'],
  ['oci://r.io/p:1!p-1.0.0', 'p@v1.0.0'],
];

test('two plugins in one directory are an error before anything is downloaded', async (t) => {
  for (const [first, second] of SHARED) {
    const list = (off: string): Files => ({ [MAIN]: pluginList(`package: '${first}'`, `package: '${second}'${off}`) });
    await assert.rejects(load(t, list('')), {
      code: 'CONFIG_PLUGIN_DUPLICATE',
      message:
        /two plugins would be installed into the directory .*dynamic-plugins\.yaml:2\) and .*\(dynamic-plugins\.yaml:3\)/,
    });
    const { loaded } = await loadPlugins(t, list(', disabled: true'));
    assert.equal(loaded.plugins.length, loaded.dropped.length > 0 ? 1 : 2);
  }
  const local = (version: string): Files => ({
    [MAIN]: pluginList('package: ./a', 'package: ./b', 'package: ./gone'),
    'a/package.json': '{ "name": "@acme/p", "version": "1.0.0" }',
    'b/package.json': `{ "name": "@acme/p", "version": "${version}" }`,
  });
  await assert.rejects(load(t, local('1.0.0')), {
    code: 'CONFIG_PLUGIN_DUPLICATE',
    message: /the directory acme-p-1\.0\.0: \.\/a \(.*and \.\/b \(/,
  });
  assert.equal((await loadPlugins(t, local('1.0.1'))).loaded.plugins.length, 3);
});

test('G4: what acts on a terminal is escaped wherever it is shown', async (t) => {
  const files = { [MAIN]: pluginList('package: "./\\e[31mred", disabled: x') };
  const { said } = await loadPlugins(t, files);
  assert.ok(said.length > 1 && said.every((line) => !line.includes('\u001b')));
  await assert.rejects(load(t, { [MAIN]: pluginList('package: "oci://r.io/\\e[31m!x"') }), (error) => {
    assert.ok(error instanceof Error && !error.message.includes('\u001b'));
    return true;
  });
});
