import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError, ociError } from '@gantry/oci';
import fc from 'fast-check';
import { type Loading, loadPlugins, pluginList } from './load.fixture.ts';
import type { LoadedPlugins } from './load-dynamic-plugins.ts';
import { type ModelEntry, mergeByModel } from './merge-model.fixture.ts';

const R = 'oci://r.io/acme/p';

/** Loads an include and a main list. */
async function merge(
  t: Parameters<typeof loadPlugins>[0],
  include: readonly string[],
  main: readonly string[],
  images: Readonly<Record<string, readonly string[] | Error>> = {},
): Promise<Loading & { readonly loaded: LoadedPlugins }> {
  const files = {
    'dynamic-plugins.yaml': `includes: [inc.yaml]\n${pluginList(...main)}`,
    'inc.yaml': pluginList(...include),
  };
  return await loadPlugins(t, files, { images });
}

function summary(loaded: LoadedPlugins): readonly string[] {
  return loaded.plugins.map(({ package: text, enabled }) => `${enabled ? '' : 'off '}${text}`);
}

test('a later level overrides field by field, pluginConfig as a whole', async (t) => {
  const { loaded, said } = await merge(
    t,
    ['package: p@1.0.0, disabled: true, integrity: sha512-a, pluginConfig: { a: { b: 1 }, c: 2 }', 'package: ./l'],
    ['package: p@2.0.0, disabled: false, pluginConfig: { a: { d: 3 } }', 'package: other'],
  );
  const [plugin] = loaded.plugins;
  assert.deepEqual(summary(loaded), ['p@2.0.0', './l', 'other']);
  assert.deepEqual([plugin?.key, plugin?.level, plugin?.integrity?.origin.file], ['p', 1, 'inc.yaml']);
  assert.deepEqual([...(plugin?.pluginConfig?.entries.keys() ?? [])], ['a']);
  assert.deepEqual([...(plugin?.record.keys() ?? [])].toSorted(), ['disabled', 'integrity', 'package']);
  assert.deepEqual(said.slice(1), [
    '======= Adding new dynamic plugin configuration for p',
    '======= Adding new dynamic plugin configuration for ./l',
    '======= Overriding dynamic plugin configuration p',
    '======= Adding new dynamic plugin configuration for other',
  ]);
});

test('a level that says `enabled` or `disabled` takes away the other one', async (t) => {
  const { loaded } = await merge(
    t,
    ['package: ./a, disabled: true', 'package: ./b, enabled: false', 'package: ./c, enabled: true'],
    ['package: ./a, enabled: true', 'package: ./b, disabled: false', 'package: ./c, disabled: true'],
  );
  assert.deepEqual(summary(loaded), ['./a', './b', 'off ./c']);
  assert.deepEqual(
    loaded.plugins.map(({ record }) => [...record.keys()].slice(1)),
    [['enabled'], ['disabled'], ['disabled']],
  );
});

test('another version of an image takes the place of the included one, and is told', async (t) => {
  const { loaded, said } = await merge(t, [`package: '${R}:1!p', extra: x`], [`package: '${R}@sha256:ab!p'`]);
  assert.deepEqual(summary(loaded), [`${R}@sha256:ab!p`]);
  assert.equal(loaded.plugins[0]?.record.get('extra')?.type, 'string');
  assert.deepEqual(said.slice(1), [
    `======= Adding new dynamic plugin configuration for version \`1\` of ${R}:!p`,
    `======= Overriding dynamic plugin configuration ${R}:!p`,
    `INFO: Overriding version for ${R}:!p from \`1\` to \`sha256:ab\``,
  ]);
});

type Row = readonly [include: readonly string[], main: readonly string[], plugins: readonly string[], asked: number];
const off = ', disabled: true';
const on = ', disabled: false';
const whole = `package: '${R}:1'`;
const named = `package: '${R}:1!p'`;
const inherit = `package: '${R}:{{inherit}}'`;

const SWITCHED_OFF: readonly Row[] = [
  [[whole], [inherit + off], [], 0],
  [[whole + off], [inherit + on], [`${R}:1!p`], 1],
  [[whole + off], [], [], 0],
  [[whole], [named + off], [], 0],
  [[named], [whole + off], [], 0],
  [[named + off], [whole + on], [`${R}:1!p`], 1],
  [[named + off], [], [`off ${R}:1!p`], 0],
  [[named], [named + off], [`off ${R}:1!p`], 0],
  [[whole], [], [`${R}:1!p`], 1],
  // What says nothing about it stays as the include has it, and is not asked about.
  [[whole + off], [inherit], [], 0],
  [[whole + off], [`package: '${R}:2'`], [], 0],
  [[whole + off], [named], [], 0],
  [[`package: '${R}:1', enabled: false`], [inherit], [], 0],
  [[`package: '${R}:1', enabled: false`], [`${inherit}, enabled: true`], [`${R}:1!p`], 1],
  // An entry that is switched off is never asked about, whatever overrides it.
  [[whole + off], [`package: '${R}:2'${on}`], [`${R}:2!p`], 1],
  [[whole + off], [`package: '${R}:2!p'${on}`], [`${R}:2!p`], 0],
  // A whole image of the main file is switched off with all that includes say about it.
  [[named, `package: '${R}:1!q'`], [whole + off], [], 0],
  // Named directories stand for themselves over a whole image that is switched off.
  [[whole + off], [named + on, `package: '${R}:1!q'${on}`], [`${R}:1!p`, `${R}:1!q`], 0],
  [[whole + off], [named + off, `package: '${R}:1!q'${off}`], [], 0],
  // Twice on one level, but switched off.
  [[whole + off, whole + off], [], [], 0],
  [[whole + off, `package: '${R}:2'${off}`], [inherit], [], 0],
  [[`package: 'oci://nothing'${off}`], [], [], 0],
];

test('entries of images that are switched off are left out before anything is asked', async (t) => {
  for (const [include, main, plugins, asked] of SWITCHED_OFF) {
    const name = JSON.stringify([include, main]);
    const loading = await merge(t, include, main, { 'r.io/acme/p:1': ['p'], 'r.io/acme/p:2': ['p'] });
    assert.deepEqual(summary(loading.loaded), plugins, name);
    assert.equal(loading.asked.length, asked, name);
    assert.equal(loading.loaded.failures.length, 0);
  }
});

test('what is left out is told, with the reason', async (t) => {
  const { loaded, said } = await merge(
    t,
    [`package: '${R}:1!p'`, `package: '${R}:1!q'`, `package: 'oci://nothing', disabled: true`],
    [`package: '${R}:1', disabled: true`, `package: '${R}:2', disabled: true`],
  );
  assert.deepEqual(said.slice(1), [
    "WARNING: Skipping disabled OCI plugin with invalid format: 'oci://nothing' in inc.yaml. Expected format: " +
      "'oci://<registry>:<tag>' or 'oci://<registry>@<algo>:<digest>' (optionally followed by '!<path>') " +
      "where <registry> may include a port (e.g. host:5000/path) and <algo> is one of ('sha512', 'sha384', 'sha256')",
    `WARNING: Skipping duplicate disabled OCI plugin configuration for ${R} in dynamic-plugins.yaml`,
    `WARNING: Skipping disabled ambiguous path-less OCI reference for ${R} in dynamic-plugins.yaml: multiple path-specific entries exist:\n` +
      '  - p (in inc.yaml)\n  - q (in inc.yaml)\n' +
      'Cannot use path-less syntax for multi-plugin images. Please specify a !<plugin-path> suffix for the plugin',
    `======= Disabling OCI plugin ${R}:1!p`,
    `======= Disabling OCI plugin ${R}:1!q`,
    '======= Disabling OCI plugin oci://nothing',
    `======= Disabling OCI plugin ${R}:1`,
    `======= Disabling OCI plugin ${R}:2`,
  ]);
  assert.deepEqual(
    loaded.dropped.map(({ because }) => because.place.line),
    [3, 3, 4, 3, 3],
  );
});

const REFUSED: readonly (readonly [
  include: readonly string[],
  main: readonly string[],
  code: string,
  message: RegExp,
])[] = [
  [
    [],
    [named, named],
    'CONFIG_PLUGIN_DUPLICATE',
    /^Duplicate OCI plugin configuration for oci:\/\/r\.io\/acme\/p!p found at the same level in dynamic-plugins\.yaml: oci:\/\/r\.io\/acme\/p:1!p \(dynamic-plugins\.yaml:4, plugins\[1\]\.package\)$/,
  ],
  [
    [],
    [whole, whole],
    'CONFIG_PLUGIN_DUPLICATE',
    /^Duplicate OCI plugin configuration for oci:\/\/r\.io\/acme\/p found/,
  ],
  [
    [],
    [named, named + off],
    'CONFIG_PLUGIN_DUPLICATE',
    /^Duplicate plugin configuration for oci:\/\/r\.io\/acme\/p:1!p found in dynamic-plugins\.yaml\./,
  ],
  [[], [named + off, named + off], 'CONFIG_PLUGIN_DUPLICATE', /^Duplicate plugin configuration for/],
  [[], [whole, whole + off], 'CONFIG_PLUGIN_DUPLICATE', /^Duplicate plugin configuration for/],
  [
    [],
    [named, whole],
    'CONFIG_PLUGIN_DUPLICATE',
    /^Duplicate plugin configuration for oci:\/\/r\.io\/acme\/p:1!p found/,
  ],
  [
    [named, `package: '${R}:1!a'`],
    [inherit],
    'CONFIG_PLUGIN_PATH',
    /^Ambiguous path-less OCI reference for oci:\/\/r\.io\/acme\/p in dynamic-plugins\.yaml: multiple path-specific entries exist:\n {2}- a \(in inc\.yaml\)\n {2}- p \(in inc\.yaml\)\nCannot use path-less syntax for multi-plugin images\. Please specify a !<plugin-path> suffix for the plugin\. \(dynamic/,
  ],
  [
    [],
    [`package: '${R}:{{inherit}}!p'`],
    'CONFIG_DYNAMIC_PLUGINS',
    /^ERROR: \{\{inherit\}\} tag is set and there is currently no resolved tag or digest for oci:\/\/r\.io\/acme\/p:\{\{inherit\}\}!p in dynamic-plugins\.yaml\. \(/,
  ],
  [
    [],
    [inherit],
    'CONFIG_DYNAMIC_PLUGINS',
    /^Cannot use \{\{inherit\}\} for oci:\/\/r\.io\/acme\/p: no existing plugin configuration found\. Ensure a plugin from this image is defined in an included file with an explicit version\. \(/,
  ],
  [[inherit], [], 'CONFIG_DYNAMIC_PLUGINS', /^Cannot use \{\{inherit\}\} for/],
  [
    [`package: '${R}:1!q'`, `package: '${R}:1'`],
    [inherit],
    'CONFIG_DYNAMIC_PLUGINS',
    /^Cannot use \{\{inherit\}\} for oci:\/\/r\.io\/acme\/p: multiple plugins from this image are defined in the included files:\n {2}- oci:\/\/r\.io\/acme\/p:1!q\n {2}- oci:\/\/r\.io\/acme\/p:1!p\nPlease specify which plugin configuration to inherit from using: oci:\/\/r\.io\/acme\/p:\{\{inherit\}\}!<plugin_path> \(/,
  ],
  [
    [`package: 'oci://a.io/x/p:1!p'`, `package: 'oci://b.io/p:1!p'`],
    [inherit],
    'CONFIG_DYNAMIC_PLUGINS',
    /^Cannot use \{\{inherit\}\} for 'p': multiple included plugin configurations share this final OCI segment:\n {2}- oci:\/\/a\.io\/x\/p:1!p \(in inc\.yaml\)\n {2}- oci:\/\/b\.io\/p:1!p \(in inc\.yaml\)\nThe last OCI path segment must identify a single image in included files\./,
  ],
  [[], ['package: ref://'], 'CONFIG_DYNAMIC_PLUGINS', /^Invalid ref:\/\/ reference: empty plugin name in ref:\/\/ \(/],
  [
    [named],
    ['package: ref://q'],
    'CONFIG_DYNAMIC_PLUGINS',
    /^Cannot resolve ref:\/\/ reference: no plugin named 'q' found in included plugins \(dynamic-plugins\.yaml:3, plugins\[0\]\.package\)$/,
  ],
  [['package: ref://p'], [], 'CONFIG_DYNAMIC_PLUGINS', /^Cannot use ref:\/\/ in included plugin configuration/],
];

test('entries that contradict each other are refused with the text of the original', async (t) => {
  for (const [include, main, code, message] of REFUSED) {
    await assert.rejects(merge(t, include, main), (error) => {
      assert.ok(isGantryError(error), String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      // Mostly the include is what is missing.
      if (/no existing|no resolved tag/.test(error.message)) assert.match(error.hint, /CATALOG_INDEX_IMAGE/);
      return true;
    });
  }
});

const INHERITED: readonly (readonly [base: string, entry: string, result: string, told: string])[] = [
  [`${R}:1!p`, `${R}:{{inherit}}!p`, `${R}:1!p`, 'Overriding'],
  [`${R}:1!p`, `${R}@{{inherit}}!p`, `${R}:1!p`, 'Overriding'],
  [`${R}:1!p`, `${R}:{{inherit}}`, `${R}:1!p`, `Inheriting version \`1\` and plugin path \`p\` for ${R}:!p`],
  [`${R}@sha256:ab`, `${R}:{{inherit}}`, `${R}@sha256:ab!p`, 'Inheriting version `sha256:ab` and plugin path `p`'],
  [
    `${R}:1!p`,
    'oci://mirror.io/p:{{inherit}}!p',
    `${R}:1!p`,
    `Resolved {{inherit}} plugin 'oci://mirror.io/p:{{inherit}}!p' to '${R}:{{inherit}}!p'`,
  ],
  [
    `${R}@sha256:ab`,
    'oci://mirror.io/p@{{inherit}}',
    `${R}@sha256:ab!p`,
    `Resolved {{inherit}} plugin 'oci://mirror.io/p@{{inherit}}' to '${R}:{{inherit}}'`,
  ],
  [`${R}:1`, 'ref://p', `${R}:1!p`, `Resolved ref:// plugin 'ref://p' to '${R}:1'`],
  [`${R}@sha256:ab!x`, 'ref://p', `${R}@sha256:ab!x`, `Resolved ref:// plugin 'ref://p' to '${R}@sha256:ab!x'`],
];

test('a version is inherited by the full name of an image, else by its last segment', async (t) => {
  for (const [base, entry, result, told] of INHERITED) {
    const { loaded, said } = await merge(
      t,
      [`package: '${base}', pluginConfig: { a: 1 }`, "package: 'oci://r.io/acme/other:1!o'"],
      [`package: '${entry}', extra: mine`],
    );
    const [plugin] = loaded.plugins;
    assert.deepEqual([plugin?.package, loaded.plugins.length, plugin?.level], [result, 2, 1], entry);
    assert.ok(plugin?.record.has('extra') && plugin.pluginConfig !== undefined);
    assert.ok(
      said.some((line) => line.startsWith(`======= ${told}`)),
      `${told}\n${said.join('\n')}`,
    );
  }
  const both = await merge(
    t,
    [named, "package: 'oci://mirror.io/p:9!other'"],
    [`package: '${R}:{{inherit}}', extra: 1`],
  );
  assert.deepEqual(summary(both.loaded), [`${R}:1!p`, 'oci://mirror.io/p:9!other']);
  assert.ok(both.loaded.plugins[0]?.record.has('extra'), 'the full name comes first');
});

test('an entry that is switched off and cannot inherit is left out', async (t) => {
  const { loaded, said } = await merge(
    t,
    ["package: 'oci://a.io/x/p:1!a'", "package: 'oci://b.io/p:1!b'"],
    [`package: '${R}:{{inherit}}', disabled: true`],
  );
  assert.equal(loaded.plugins.length, 2);
  assert.match(
    said[1] ?? '',
    /^WARNING: Skipping unresolved disabled \{\{inherit\}\} plugin configuration '.*': Cannot use/,
  );
  const none = await merge(t, [], [`package: '${R}:{{inherit}}', disabled: true`]);
  assert.deepEqual([summary(none.loaded), none.said.at(-1)], [[], `======= Disabling OCI plugin ${R}:{{inherit}}`]);
});

test('a directory is asked for once for each image', async (t) => {
  const { loaded, asked, said } = await merge(
    t,
    [whole, "package: 'oci://r.io/q:1'"],
    [`package: '${R}:1', pluginConfig: {}`],
    { 'r.io/acme/p:1': ['the-plugin'] },
  );
  assert.deepEqual(asked, ['r.io/acme/p:1', 'r.io/q:1']);
  assert.deepEqual(summary(loaded), [`${R}:1!the-plugin`, 'oci://r.io/q:1!q']);
  assert.equal(said[1], `======= No plugin path specified for ${R}:1, auto-detecting from OCI manifest`);
  assert.ok(said.includes(`======= Auto-resolving OCI package ${R}:1 to use plugin path: the-plugin`));
});

const FAILING: readonly (readonly [answer: readonly string[] | Error, code: string, message: RegExp])[] = [
  [
    [],
    'CONFIG_PLUGIN_PATH',
    /^No plugins found in OCI image oci:\/\/r\.io\/acme\/p:1\.The image might not contain the 'io\.backstage\.dynamic-packages' annotation\.Please ensure this was packaged correctly using the @red-hat-developer-hub\/cli plugin package command\. \(inc\.yaml:2/,
  ],
  [
    ['a', 'b\u001b'],
    'CONFIG_PLUGIN_PATH',
    /^Multiple plugins found in OCI image oci:\/\/r\.io\/acme\/p:1:\n {2}- a\n {2}- b\\u\{1b\}\nPlease specify which plugin to install using the syntax: oci:\/\/r\.io\/acme\/p:1!<plugin-name> \(inc\.yaml:2/,
  ],
  [ociError('REGISTRY_DENIED', 'down'), 'REGISTRY_DENIED', /down/],
  [ociError('CONTENT_INVALID', 'bad'), 'CONTENT_INVALID', /bad/],
  [ociError('REFERENCE_INVALID', 'bad'), 'REFERENCE_INVALID', /bad/],
];

test('an image that cannot be asked is a failure of its entry; others go on', async (t) => {
  for (const [answer, code, message] of FAILING) {
    const images = { 'r.io/acme/p:1': answer };
    const { loaded } = await merge(
      t,
      [whole, "package: 'oci://r.io/q:1'"],
      [`${inherit}, extra: 1`, 'package: ./l'],
      images,
    );
    assert.deepEqual(summary(loaded), ['oci://r.io/q:1!q', './l']);
    assert.equal(loaded.failures.length, 1, 'what inherits from it adds no failure');
    const [failure] = loaded.failures;
    assert.deepEqual([failure?.package, failure?.origin.file, failure?.origin.line], [`${R}:1`, 'inc.yaml', 2]);
    assert.ok(isGantryError(failure?.error));
    assert.equal(failure.error.code, code);
    assert.match(failure.error.message, message);
  }
  await assert.rejects(merge(t, [whole], [], { 'r.io/acme/p:1': new TypeError('a fault of ours') }), TypeError);
});

const PACKAGES: readonly string[] = [
  './l',
  'n@1',
  'n@2',
  `${R}:1`,
  `${R}:2`,
  `${R}:1!p`,
  `${R}:2!q`,
  `${R}:{{inherit}}`,
  `${R}:{{inherit}}!p`,
  'oci://s.io/x:1!x',
  'oci://s.io/x:{{inherit}}!x',
];

const anyEntry: fc.Arbitrary<ModelEntry> = fc.record({
  package: fc.constantFrom(...PACKAGES),
  disabled: fc.constantFrom(undefined, undefined, true, false),
  config: fc.option(fc.nat(3), { nil: undefined }),
});

function written({ package: text, disabled, config }: ModelEntry): string {
  const parts = [`package: '${text}'`];
  if (disabled !== undefined) parts.push(`disabled: ${disabled}`);
  if (config !== undefined) parts.push(`pluginConfig: { c: ${config} }`);
  return parts.join(', ');
}

function found(loaded: LoadedPlugins): readonly string[] {
  return loaded.plugins
    .filter(({ enabled }) => enabled)
    .map(({ key, package: text, pluginConfig, level }) => {
      const value = pluginConfig?.entries.get('c')?.value;
      return `${key} = ${text} config ${value?.type === 'integer' ? value.value : undefined} level ${level}`;
    });
}

test('random pairs of files are merged as a slow, obvious model merges them', async (t) => {
  const lists = fc.array(anyEntry, { maxLength: 4 });
  const images = { 'r.io/acme/p:1': ['p'], 'r.io/acme/p:2': ['p'] };
  await fc.assert(
    fc.asyncProperty(lists, lists, async (include, main) => {
      const expected = mergeByModel(include, main);
      const result = await merge(t, include.map(written), main.map(written), images).then(
        ({ loaded }) => found(loaded),
        (error: unknown) => {
          assert.ok(isGantryError(error) && error.code.startsWith('CONFIG_'), String(error));
          return 'refused';
        },
      );
      assert.deepEqual(result, expected);
    }),
    { numRuns: 1000 },
  );
});
