import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedPyYaml } from '@gantry/testkit';
import fc from 'fast-check';
import { parse, parseDocument } from 'yaml';
import { readYaml } from '../yaml/read-yaml.ts';
import { typedValue } from '../yaml/typed-value.fixture.ts';
import type { YamlEntry, YamlMap, YamlValue } from '../yaml/yaml-value.ts';
import { emitAppConfig } from './emit-app-config.ts';
import { mergePluginConfigs } from './merge-plugin-configs.ts';

const origin = { file: 'f', line: 1, column: 1 };

function mapOf(text: string): YamlMap {
  const { value } = readYaml(text, 'f.yaml');
  assert.ok(value?.type === 'map');
  return value;
}

test('without plugins the file configures the directory', () => {
  assert.equal(emitAppConfig(mergePluginConfigs([])), 'dynamicPlugins:\n  rootDirectory: dynamic-plugins-root\n');
});

test('block style, keys sorted by characters, lists at the indentation of their key', () => {
  const map = mapOf('{b: [1, {d: x, c: [[2], {}]}], a: {}, "\\U0001F600": 1, "\\uE000": 2, B: []}');
  assert.equal(
    emitAppConfig(map),
    'B: []\na: {}\nb:\n- 1\n- c:\n  - - 2\n  - {}\n  d: x\n"\uE000": 2\n"\u{1F600}": 1\n',
  );
});

test('strings that either version of YAML would misread are quoted', () => {
  const texts = [
    'yes',
    '0777',
    '12:30',
    '1e3',
    '0o17',
    '2024-01-02',
    '~',
    '',
    ' a',
    'a: b',
    'a #b',
    '- a',
    '@a',
    '<<',
    '=',
    'a\nb',
  ];
  for (const text of texts) {
    const map = mapOf(`a: ${JSON.stringify(text)}\n${JSON.stringify(text)}: a\n`);
    assert.match(emitAppConfig(map), /^a: "/m, text);
    assert.equal(parse(emitAppConfig(map)).a, text);
  }
  const plain = 'a: oci://quay.io/r/i:1.0\n';
  assert.equal(emitAppConfig(mapOf(plain)), plain);
});

test('a date is written as the original writes it: text to Backstage', () => {
  const text = emitAppConfig(mapOf('{a: 2024-01-02, b: 2001-12-14T21:59:43.1-05:00}'));
  assert.equal(text, 'a: 2024-01-02\nb: 2001-12-14 21:59:43.100000-05:00\n');
  assert.deepEqual(parse(text), { a: '2024-01-02', b: '2001-12-14 21:59:43.100000-05:00' });
});

test('a key that is too long for one line of the readers gets a question mark', () => {
  const text = emitAppConfig(mapOf(`? ${'k'.repeat(1100)}\n: {a: [1]}\n`));
  assert.deepEqual(parse(text), { ['k'.repeat(1100)]: { a: [1] } });
  assert.equal(emitAppConfig(mapOf(text)), text);
});

test('Backstage reads what it would read in the file of the original', () => {
  for (const [text, , dump] of recordedPyYaml().records) {
    // An unquoted 1e3 is text to the original, which writes it so that Backstage takes it for a number: ours is quoted.
    // A key that is null is "null", as in the hash; Backstage's reader makes an empty key of it.
    if (/1e3|~:/.test(text)) continue;
    assert.deepEqual(parse(emitAppConfig(mapOf(text))), parse(dump), text);
  }
});

const NASTY = [
  'yes',
  'No',
  'null',
  '~',
  '0777',
  '1_0',
  '.5',
  '+.5',
  '1e3',
  '0x1',
  '12:30',
  '<<',
  '=',
  '---',
  '...',
  '2024-01-02',
];
const text = fc.oneof(
  fc.constantFrom(...NASTY, '\u2028', '\x85', '\ufeff', '\ud83d', '\x7f', 'a\r\nb', 'k: v', '# c', '{{inherit}}', '$X'),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...'ab019 -:#,[]{}&*!|>\'"%@`?.=_/\\\n\té😀~+<'), maxLength: 10 }),
);
const { map } = fc.letrec<{ map: YamlMap; value: YamlValue }>((tie) => ({
  map: fc
    .dictionary(
      text.filter((key) => !['__proto__', 'constructor', 'prototype'].includes(key)),
      tie('value'),
      { maxKeys: 4 },
    )
    .map((object): YamlMap => {
      const entries = Object.entries(object).map(([key, value]): [string, YamlEntry] => [key, { value, origin }]);
      return { type: 'map', entries: new Map(entries), origin };
    }),
  value: fc.oneof(
    { depthSize: 'small' },
    text.map((value): YamlValue => ({ type: 'string', value, origin })),
    fc.boolean().map((value): YamlValue => ({ type: 'boolean', value, origin })),
    fc.bigInt().map((value): YamlValue => ({ type: 'integer', value, origin })),
    fc.double().map((value): YamlValue => ({ type: 'float', value, origin })),
    fc.constant<YamlValue>({ type: 'null', origin }),
    fc.array(tie('value'), { maxLength: 4 }).map((items): YamlValue => ({ type: 'list', items, origin })),
    tie('map'),
  ),
}));

test('what is written reads back the same in YAML 1.1 and 1.2, and is the same bytes again', () => {
  fc.assert(
    fc.property(map, (value) => {
      const written = emitAppConfig(value);
      const back = readYaml(written, 'f').value;
      assert.deepEqual(typedValue(back), typedValue(value));
      assert.ok(back?.type === 'map');
      assert.equal(emitAppConfig(back), written);
      const document = parseDocument(written);
      assert.deepEqual([...document.errors, ...document.warnings], []);
      assert.deepEqual(document.toJS(), javaScript(value));
    }),
    { numRuns: 2000 },
  );
});

/** What a reader in JavaScript holds: numbers are doubles. */
function javaScript(value: YamlValue): unknown {
  if (value.type === 'null') return null;
  if (value.type === 'integer') return Number(value.value);
  if (value.type === 'list') return value.items.map(javaScript);
  if (value.type !== 'map') return value.value;
  return Object.fromEntries([...value.entries].map(([key, entry]) => [key, javaScript(entry.value)]));
}
