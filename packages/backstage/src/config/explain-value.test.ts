import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExplainedPlugin, explainValue } from './explain-value.ts';
import { loadPlugins } from './load.fixture.ts';

const FILES = {
  'dynamic-plugins.yaml': `includes:
  - inc.yaml
plugins:
  - package: 'oci://r.io/acme/p:{{inherit}}'
    disabled: false
    pluginConfig:
      dynamicPlugins:
        frontend:
          acme.p:
            routes: []
            title: Mine
  - package: ./l
    pluginConfig:
      dynamicPlugins: { frontend: { l: 1 } }
`,
  'inc.yaml': `plugins:
  - package: 'oci://r.io/acme/p@sha256:ab!p'
    disabled: true
    extra: kept
    pluginConfig:
      old: 1
  - package: 'oci://r.io/off:1'
    disabled: true
`,
};

async function explain(t: Parameters<typeof loadPlugins>[0], asked: string): Promise<ReturnType<typeof explainValue>> {
  return explainValue((await loadPlugins(t, FILES)).loaded, asked);
}

function places(values: ExplainedPlugin['fields'] | undefined): readonly string[] {
  return (values ?? []).map(({ name, origin }) => `${name} ${origin.file}:${origin.line}`);
}

test('why says which file and line gave each value, after includes, inheritance and merging', async (t) => {
  const { plugins, dropped } = await explain(t, 'oci://r.io/acme/p:!p');
  const [plugin] = plugins;
  assert.deepEqual([plugins.length, dropped.length, plugin?.enabled], [1, 0, true]);
  assert.equal(plugin?.package, 'oci://r.io/acme/p@sha256:ab!p');
  assert.deepEqual(places(plugin?.fields), [
    'package inc.yaml:2',
    'disabled dynamic-plugins.yaml:5',
    'extra inc.yaml:4',
  ]);
  assert.deepEqual(places(plugin?.config), [
    'dynamicPlugins.frontend.acme.p.routes dynamic-plugins.yaml:10',
    'dynamicPlugins.frontend.acme.p.title dynamic-plugins.yaml:11',
  ]);
  assert.deepEqual(
    plugin?.entries.map(({ package: text, place, overridden }) => [text, `${place.file}:${place.line}`, overridden]),
    [
      ['oci://r.io/acme/p@sha256:ab!p', 'inc.yaml:2', ['disabled', 'pluginConfig']],
      ['oci://r.io/acme/p:{{inherit}}', 'dynamic-plugins.yaml:4', []],
    ],
  );
});

test('why knows a plugin by its key, package, image and directory, and by what it configures', async (t) => {
  const names = [
    'oci://r.io/acme/p@sha256:ab!p',
    'oci://r.io/acme/p@sha256:ab',
    'oci://r.io/acme/p:{{inherit}}',
    'oci://r.io/acme/p',
    'r.io/acme/p',
    'p',
  ];
  for (const name of names) {
    assert.deepEqual(
      (await explain(t, name)).plugins.map(({ key }) => key),
      ['oci://r.io/acme/p:!p'],
      name,
    );
  }
  const setting = await explain(t, 'dynamicPlugins.frontend');
  assert.deepEqual(
    setting.plugins.map(({ key, config }) => [key, config.length]),
    [
      ['oci://r.io/acme/p:!p', 2],
      ['./l', 1],
    ],
  );
  const [leaf] = (await explain(t, 'dynamicPlugins.frontend.acme.p.title')).plugins;
  assert.deepEqual(places(leaf?.config), ['dynamicPlugins.frontend.acme.p.title dynamic-plugins.yaml:11']);
  assert.deepEqual(await explain(t, 'dynamicPlugins.front'), { plugins: [], dropped: [] });
});

test('why says which entry switches an image off', async (t) => {
  const { plugins, dropped } = await explain(t, 'oci://r.io/off');
  assert.deepEqual(plugins, []);
  assert.deepEqual(
    dropped.map(({ package: text, because }) => [text, because.file, because.line, because.key]),
    [['oci://r.io/off:1', 'inc.yaml', 7, 'plugins[1].package']],
  );
});
