import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { fakeEnvironment, type NpmRegistry, startNpmRegistry, tempDir } from '@gantry/testkit';
import { type ImageWorld, imageWorld, layerOf, pluginFiles } from '../images/images.fixture.ts';
import { openTarballs } from '../npm/open-tarballs.ts';
import { type PinnedConfiguration, pinConfiguration } from './pin-configuration.ts';

interface PinWorld {
  readonly images: ImageWorld;
  readonly npm: NpmRegistry;
  /** `sha256:…` of `registry.example/acme/one:1.0`. */
  readonly digest: string;
  readonly log: string[];
  pin(text: string): Promise<PinnedConfiguration>;
}

async function pinWorld(t: TestContext): Promise<PinWorld> {
  const [directory, images, npm] = [await tempDir(t), await imageWorld(t), await startNpmRegistry(t)];
  await writeFile(join(directory, '.npmrc'), `registry=${npm.url}\n`);
  const { published } = await images.publish('acme/one', { layers: [layerOf(...pluginFiles('one'))] });
  const env = { HOME: directory, PATH: '', PREFIX: directory };
  const tarballs = openTarballs({ directory, environment: fakeEnvironment({ env }) });
  t.after(() => tarballs[Symbol.asyncDispose]());
  const lines: string[] = [];
  const log = { line: (text: string) => void lines.push(text), warn: (text: string) => void lines.push(text) };
  return {
    images,
    npm,
    digest: published.descriptor.digest,
    log: lines,
    pin: (text) => pinConfiguration({ text, file: 'dynamic-plugins.yaml', log }, { images: images.open(), tarballs }),
  };
}

test('tags become digests and packages get an integrity; nothing else of the file changes', async (t) => {
  const world = await pinWorld(t);
  const scoped = world.npm.publish({ name: '@acme/two-dynamic', version: '2.0.1' });
  const plain = world.npm.publish({ name: 'three', version: '3.0.0' });
  const url = world.npm.publish({ name: 'four', version: '4.0.0' });
  const text = `# a file with comments
includes:
  - dynamic-plugins.default.yaml   # stays
plugins:
  # one
  - package: oci://registry.example/acme/one:1.0!one # tagged
    disabled: false
    pluginConfig: {a: 0777, b: "x"}

  - disabled: false
    package: "oci://registry.example/acme/one:1.0"
  - package: '@acme/two-dynamic@^2.0.0'   # a range
    pluginConfig:
        deep: [1,2]
  - {package: three@3.0.0, disabled: no}
  -   package: >-
        ${url.url}
      integrity:
  - package: ./local
`;
  const { text: pinned, entries, diff } = await world.pin(text);
  const image = `oci://registry.example/acme/one@${world.digest}`;
  const expected = text
    .replace('oci://registry.example/acme/one:1.0!one', `${image}!one`)
    .replace('"oci://registry.example/acme/one:1.0"', `"${image}"`)
    .replace(
      "two-dynamic@^2.0.0'   # a range\n",
      `two-dynamic@2.0.1'   # a range\n    integrity: ${scoped.integrity}\n`,
    )
    .replace('three@3.0.0,', `three@3.0.0, integrity: ${plain.integrity},`)
    .replace('integrity:\n  - package: ./local', `integrity: ${url.integrity}\n  - package: ./local`);
  assert.equal(pinned, expected);
  assert.deepEqual(
    entries.map(({ state, line }) => [state, line]),
    [
      ['pinned', 6],
      ['pinned', 11],
      ['pinned', 12],
      ['pinned', 15],
      ['pinned', 16],
      ['unchanged', 19],
    ],
  );
  const changed = diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line));
  assert.deepEqual(changed, [
    '-  - package: oci://registry.example/acme/one:1.0!one # tagged',
    `+  - package: ${image}!one # tagged`,
    '-    package: "oci://registry.example/acme/one:1.0"',
    `+    package: "${image}"`,
    "-  - package: '@acme/two-dynamic@^2.0.0'   # a range",
    "+  - package: '@acme/two-dynamic@2.0.1'   # a range",
    `+    integrity: ${scoped.integrity}`,
    '-  - {package: three@3.0.0, disabled: no}',
    `+  - {package: three@3.0.0, integrity: ${plain.integrity}, disabled: no}`,
    '-      integrity:',
    `+      integrity: ${url.integrity}`,
  ]);
  const again = await world.pin(pinned);
  assert.deepEqual([again.text, again.diff], [pinned, ''], 'what is pinned stays');
});

test('line ends, anchors, escapes and a missing last line break stay', async (t) => {
  const world = await pinWorld(t);
  const { integrity } = world.npm.publish({ name: 'three', version: '3.0.0' });
  const image = `oci://registry.example/acme/one@${world.digest}`;
  const one = 'oci://registry.example/acme/one:1.0';
  const cases: readonly (readonly [before: string, after: string])[] = [
    [`plugins:\r\n- package: three\r\n`, `plugins:\r\n- package: three@3.0.0\r\n  integrity: ${integrity}\r\n`],
    [`plugins:\n- package: three@3.0.0`, `plugins:\n- package: three@3.0.0\n  integrity: ${integrity}`],
    [`plugins:\n- package: &it ${one}!one\n`, `plugins:\n- package: &it ${image}!one\n`],
    [`plugins: [{"package":"${one}!one"}]`, `plugins: [{"package":"${image}!one"}]`],
    [`plugins:\n- package: "\\x6fci://registry.example/acme/one:1.0"\n`, `plugins:\n- package: "${image}"\n`],
    [
      `plugins:\n- package: |-\n    three@3.0.0\n`,
      `plugins:\n- package: |-\n    three@3.0.0\n  integrity: ${integrity}\n`,
    ],
    [`plugins:\n- ? package\n  : three@3.0.0\n`, `plugins:\n- ? package\n  : three@3.0.0\n  integrity: ${integrity}\n`],
    [
      `plugins:\n- package: three@3.0.0\n  integrity: null\n`,
      `plugins:\n- package: three@3.0.0\n  integrity: ${integrity}\n`,
    ],
  ];
  for (const [before, after] of cases) {
    const { text } = await world.pin(before);
    assert.equal(text, after);
  }
});

test('what is not pinned says why', async (t) => {
  const world = await pinWorld(t);
  const { entries, text, diff } = await world.pin(`shared: &shared
  package: oci://registry.example/acme/one:1.0!one
plugins:
  - <<: *shared
  - package: oci://registry.example/acme/gone:1.0
    disabled: true
  - package: oci://registry.example/acme/gone:{{inherit}}
  - package: ref://one
  - package: oci://registry.example/acme/gone@sha256:${'0'.repeat(64)}!x
  - package: any@1.0.0
    integrity: sha512-AAAA
`);
  assert.deepEqual(
    entries.map((entry) => ('reason' in entry ? entry.reason : entry.state)),
    [
      'written elsewhere',
      'disabled',
      'inherits its version',
      'inherits its version',
      'pinned already',
      'pinned already',
    ],
  );
  assert.equal(diff, '');
  assert.match(text, /gone:1\.0/);
});

test('a package that fails is told in its place, and the others are pinned', async (t) => {
  const world = await pinWorld(t);
  const { entries, text } = await world.pin(`plugins:
  - package: oci://registry.example/acme/gone:1.0
  - package: oci://registry.example/acme/one:1.0
  - package: git+https://git.example/acme/four.git
  - package: absent@1.0.0
`);
  const codes = entries.map((entry) =>
    entry.state === 'failed' ? isGantryError(entry.error) && entry.error.code : entry.state,
  );
  assert.deepEqual(codes, ['REGISTRY_NOT_FOUND', 'pinned', 'CONFIG_GIT_PACKAGE', 'REGISTRY_NOT_FOUND']);
  assert.match(text, /acme\/one@sha256:/);
});

test('a tag that is pinned keeps the name that was written, also where the second registry has the image', async (t) => {
  const world = await pinWorld(t);
  await world.images.publish('rhdh/plugin', { layers: [layerOf(...pluginFiles('p'))] });
  const { text } = await world.pin('plugins:\n- package: oci://registry.access.redhat.com/rhdh/plugin:1.0!p\n');
  assert.match(text, /oci:\/\/registry\.access\.redhat\.com\/rhdh\/plugin@sha256:[0-9a-f]{64}!p\n$/);
});

test('a file that is no configuration is refused with its line', async (t) => {
  const world = await pinWorld(t);
  await assert.rejects(world.pin('- a\n'), { code: 'CONFIG_DYNAMIC_PLUGINS', message: /dynamic-plugins\.yaml:1/ });
  await assert.rejects(world.pin('plugins: {}\n'), { code: 'CONFIG_DYNAMIC_PLUGINS' });
  assert.deepEqual((await world.pin('')).entries, []);
});
