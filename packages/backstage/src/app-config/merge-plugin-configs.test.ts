import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import fc from 'fast-check';
import { yamlValue } from '../yaml/from-plain-value.fixture.ts';
import { type PlainObject, type PlainValue, plainValue } from '../yaml/plain-value.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import type { YamlMap } from '../yaml/yaml-value.ts';
import { mergePluginConfigs } from './merge-plugin-configs.ts';

function configOf(text: string, file: string = 'dynamic-plugins.yaml'): YamlMap {
  const { value } = readYaml(text, file);
  assert.ok(value?.type === 'map');
  return value;
}

function merged(...texts: string[]): unknown {
  const list = texts.map((text, i) => ({ package: `p${i}`, config: configOf(text) }));
  return JSON.parse(JSON.stringify(plainValue(mergePluginConfigs(list))));
}

const OURS = { dynamicPlugins: { rootDirectory: 'dynamic-plugins-root' } };

test('the data starts from what the installer configures', () => {
  assert.deepEqual(merged(), OURS);
  assert.deepEqual(merged('{dynamicPlugins: {frontend: {a: {}}}}'), {
    dynamicPlugins: { rootDirectory: 'dynamic-plugins-root', frontend: { a: {} } },
  });
});

test('maps are merged at any depth; equal scalars and lists agree', () => {
  assert.deepEqual(merged('{a: {b: {c: 1}}, l: [1, {x: y}]}', '{a: {b: {d: 2}}, l: [1, {x: y}]}'), {
    ...OURS,
    a: { b: { c: 1, d: 2 } },
    l: [1, { x: 'y' }],
  });
  assert.deepEqual(merged('{a: 1}', '{a: 1.0}'), { ...OURS, a: 1 }, 'numbers are equal by value, as in Python');
  assert.deepEqual(merged('{l: [{a: 1, b: 2}]}', '{l: [{b: 2, a: 1}]}'), { ...OURS, l: [{ a: 1, b: 2 }] });
});

test('a conflict names the whole path, both packages and both places', () => {
  const first = configOf('a:\n  b:\n    c: 1\n', 'dynamic-plugins.default.yaml');
  const second = configOf('x: 0\na:\n  b:\n    c: 2\n');
  assert.throws(
    () =>
      mergePluginConfigs([
        { package: './one', config: first },
        { package: './two', config: second },
      ]),
    (error) => {
      assert.ok(isGantryError(error));
      assert.equal(error.code, 'CONFIG_PLUGIN_CONFLICT');
      assert.equal(
        error.message,
        "Config key 'a.b.c' defined differently for 2 dynamic plugins: by ./one at dynamic-plugins.default.yaml:3 and by ./two at dynamic-plugins.yaml:4",
      );
      return true;
    },
  );
});

test('values that differ are conflicts: scalars, lists, and a map against anything else', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['{a: 1}', '{a: 2}'],
    ['{a: 1}', '{a: "1"}'],
    ['{a: [1]}', '{a: [1, 2]}'],
    ['{a: 1}', '{a: {b: 1}}'],
    ['{a: {b: 1}}', '{a: 1}'],
    ['{a: ~}', '{a: {b: 1}}'],
    ['{a: {}}', '{a: ~}'],
    ['{a: .nan}', '{a: .nan}'],
    ['{a: [{b: 1}]}', '{a: [{c: 1}]}'],
  ];
  for (const [a, b] of pairs) {
    assert.throws(
      () => merged(a, b),
      { code: 'CONFIG_PLUGIN_CONFLICT', message: /Config key 'a(\.b)?' / },
      `${a} ${b}`,
    );
  }
});

test('a conflict with what the installer configures says so', () => {
  assert.throws(() => merged('{dynamicPlugins: {rootDirectory: elsewhere}}'), /by the installer and by p0/);
});

test('a map without entries agrees with what was there before it, as in the original', () => {
  assert.deepEqual(merged('{a: 1}', '{a: {}}'), { ...OURS, a: 1 });
});

/** The merge at its most obvious: all paths to what is no map, in one table. */
function slowly(configs: readonly PlainObject[]): readonly string[] | undefined {
  const all: { path: string[]; value: PlainValue }[] = [];
  const isMap = (value: PlainValue): value is PlainObject =>
    value !== null && typeof value === 'object' && !Array.isArray(value);
  const walk = (path: string[], value: PlainValue): void => {
    if (!isMap(value)) all.push({ path, value });
    else for (const key of Object.keys(value)) walk([...path, key], value[key] ?? null);
  };
  for (const config of configs) walk([], config);
  for (const a of all) {
    for (const b of all) {
      const aboveB = a.path.length < b.path.length && a.path.every((step, i) => step === b.path[i]);
      const samePath = a.path.join('\0') === b.path.join('\0');
      if (aboveB || (samePath && JSON.stringify(a.value) !== JSON.stringify(b.value))) return undefined;
    }
  }
  return [...new Set(all.map(({ path, value }) => JSON.stringify([path, value])))].sort();
}

test('G1: 1,000 random pairs merge as a slow, obvious model does, and no prototype changes', () => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  const leaf = fc.oneof(fc.constantFrom<PlainValue>(2, 'x', true, null), fc.constant<PlainValue>([2, 'y']));
  const { tree } = fc.letrec<{ tree: PlainObject; value: PlainValue }>((tie) => ({
    tree: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'toString', 'x.y'), tie('value'), { minKeys: 1, maxKeys: 3 }),
    value: fc.oneof({ depthSize: 'small' }, leaf, tie('tree')),
  }));
  let conflicts = 0;
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      const expected = slowly([a, b]);
      const list = [a, b].map((value, i) => {
        const config = yamlValue(value, { file: 'f', line: 1, column: 1 });
        assert.ok(config.type === 'map');
        return { package: `p${i}`, config };
      });
      if (expected === undefined) {
        conflicts++;
        assert.throws(() => mergePluginConfigs(list), { code: 'CONFIG_PLUGIN_CONFLICT' });
        return;
      }
      const result = plainValue(mergePluginConfigs(list));
      assert.ok(result !== null && typeof result === 'object' && !Array.isArray(result));
      const { dynamicPlugins: _ours, ...rest } = result as PlainObject;
      assert.deepEqual(slowly([rest]), expected);
    }),
    { numRuns: 1000 },
  );
  assert.ok(conflicts > 100 && conflicts < 900, `${conflicts} of 1,000 pairs in conflict`);
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
});
