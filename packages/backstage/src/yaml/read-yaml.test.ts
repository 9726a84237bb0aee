import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { recordedPyYaml } from '@gantry/testkit';
import fc from 'fast-check';
import { readYaml } from './read-yaml.ts';
import { typedValue } from './typed-value.fixture.ts';
import type { YamlMap, YamlValue } from './yaml-value.ts';

const FILE = 'dynamic-plugins.yaml';

function read(text: string): YamlValue | undefined {
  return readYaml(text, FILE).value;
}

function readMap(text: string): YamlMap {
  const value = read(text);
  assert.ok(value?.type === 'map');
  return value;
}

function warningsOf(text: string): readonly string[] {
  return readYaml(text, FILE).warnings.map(({ message }) => message);
}

test('every recorded document is read as PyYAML reads it, or refused where it refuses', () => {
  for (const [text, expected] of recordedPyYaml().documents) {
    if (expected === null) assert.throws(() => read(text), { code: 'CONFIG_DYNAMIC_PLUGINS' }, JSON.stringify(text));
    else assert.deepEqual(typedValue(read(text)), expected, JSON.stringify(text));
  }
});

test('what is empty or null has no value', () => {
  for (const text of ['', '\n', '# nothing\n', '---\n', 'null\n', '~']) assert.equal(read(text), undefined);
});

test('values and keys tell where they stand', () => {
  const map = readMap('# comment\nplugins:\n  - package: ./a\n    pluginConfig: {x: 1}\n');
  const plugins = map.entries.get('plugins');
  assert.deepEqual(plugins?.origin, { file: FILE, line: 2, column: 1 });
  assert.ok(plugins?.value.type === 'list');
  const [entry] = plugins.value.items;
  assert.ok(entry?.type === 'map');
  assert.deepEqual(entry.origin, { file: FILE, line: 3, column: 5 });
  assert.deepEqual(entry.entries.get('package')?.value.origin, { file: FILE, line: 3, column: 14 });
  assert.deepEqual(entry.entries.get('pluginConfig')?.origin, { file: FILE, line: 4, column: 5 });
});

const DIFFERENCES: readonly (readonly [text: string, warning: string])[] = [
  ['yes', 'yes is the boolean true here (YAML 1.1) but the text "yes" in YAML 1.2: write true, or "yes"'],
  ['0777', '0777 is the number 511 here (YAML 1.1) but the number 777 in YAML 1.2: write 511, or 777'],
  ['12:30', '12:30 is the number 750 here (YAML 1.1) but the text "12:30" in YAML 1.2: write 750, or "12:30"'],
  ['1e3', '1e3 is the text "1e3" here (YAML 1.1) but the number 1000.0 in YAML 1.2: write "1e3", or 1000.0'],
  ['0o17', '0o17 is the text "0o17" here (YAML 1.1) but the number 15 in YAML 1.2: write "0o17", or 15'],
  ['1_000', '1_000 is the number 1000 here (YAML 1.1) but the text "1_000" in YAML 1.2: write 1000, or "1_000"'],
  [
    '2024-01-02',
    '2024-01-02 is the date 2024-01-02 here (YAML 1.1) but the text "2024-01-02" in YAML 1.2: write "2024-01-02"',
  ],
];

test('each scalar that YAML 1.2 reads otherwise is a warning with the line and how to write it', () => {
  for (const [text, warning] of DIFFERENCES) {
    assert.deepEqual(warningsOf(`a: 1\nb: ${text}\n`), [`${FILE}:2: ${warning}`]);
  }
  assert.deepEqual(warningsOf('on: 1\n').length, 1, 'keys as well');
});

test('scalars that both versions read alike, and quoted ones, are no warnings', () => {
  const same = [
    'true',
    'False',
    '~',
    'null',
    '',
    '12',
    '-1',
    '0',
    '1.5',
    '.5',
    '1.',
    '0x1F',
    '.inf',
    '.NaN',
    'y',
    'text',
  ];
  for (const text of [...same, '"yes"', "'0777'", '!!str yes']) assert.deepEqual(warningsOf(`a: ${text}\n`), [], text);
});

test('a scalar that an alias repeats is one warning', () => {
  assert.equal(warningsOf('a: &a yes\nb: *a\nc: [*a, *a]\n').length, 1);
});

test('of keys that are there twice the last one counts, and a warning says so', () => {
  const { value, warnings } = readYaml('a: 1\nb: 2\na: 3\n', FILE);
  assert.deepEqual(typedValue(value), [
    'map',
    [
      ['a', ['integer', '3']],
      ['b', ['integer', '2']],
    ],
  ]);
  assert.deepEqual(
    warnings.map(({ message }) => message),
    [`${FILE}:3: the key a is there twice: this one counts, not line 1`],
  );
});

test('a key that overrides a merged one is no warning', () => {
  assert.deepEqual(warningsOf('a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n'), []);
});

test('an unquoted @scope gets the hint to quote it, with the corrected line', () => {
  assert.throws(
    () => read('plugins:\n  - package: @acme/x@1.0.0  # ours\n'),
    (error) => {
      assert.ok(isGantryError(error));
      assert.equal(error.message, `${FILE}:2: found '@' that nothing can begin with`);
      assert.equal(error.hint, 'quote it: - package: "@acme/x@1.0.0"');
      assert.deepEqual(error.details, { file: FILE, line: 2, column: 14 });
      return true;
    },
  );
});

test('a tab gets the hint to use spaces', () => {
  assert.throws(
    () => read('plugins:\n\t- package: x\n'),
    (error) => isGantryError(error) && error.hint === 'indent with spaces: YAML allows no tabs there',
  );
});

test('errors name the file and the line', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['a: 1\n  b: 2\n', /yaml:2: a value is not allowed here/],
    ['a: [1\nb: 2\n', /yaml:2: expected ',' or '\]' in a list, found ':'/],
    ['a:\n\tb: 1\n', /yaml:2: found a tab/],
    ['a: "x\n\n', /yaml:1: the quote that opens here is not closed/],
    ['a: *b\n', /yaml:1: there is no anchor &b/],
    ['a: 1\n---\nb: 2\n', /yaml:2: a second document begins here/],
    ['a: !foo x\n', /yaml:1: the tag !foo is not known/],
    ['a: 1\nb: \u0007\n', /yaml:2: the character U\+0007 is not allowed/],
    ['? [a]\n: b\n', /yaml:1: a list cannot be a key/],
  ];
  for (const [text, message] of cases) assert.throws(() => read(text), { code: 'CONFIG_DYNAMIC_PLUGINS', message });
});

test('G4: text of the file is escaped in errors and warnings', () => {
  assert.throws(() => read('a: !x\u202ey z\n'), /\\u\{202e\}/);
  assert.throws(() => readYaml('a: [', 'evil\u001b[2J.yaml'), /evil\\u\{1b\}/);
});

test('G1: keys that reach a prototype are refused, however they come in', () => {
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    for (const text of [`${key}: {a: 1}\n`, `a: [{"${key}": 1}]\n`, `!!set {${key}}\n`, `b: {<<: {${key}: 1}}\n`]) {
      assert.throws(() => read(text), {
        code: 'CONFIG_DYNAMIC_PLUGINS',
        message: /yaml:1: the key \w+ is not allowed/,
      });
    }
  }
  assert.equal(Object.getOwnPropertyNames(Object.prototype).includes('a'), false);
});

test('G2: aliases may repeat as many values as the limit says and not one more', () => {
  const text = 'a: &a [1, 2, 3]\nb: [*a, *a]\n';
  assert.ok(readYaml(text, FILE, { limits: { dynamicPluginsAliases: 8 } }).value);
  assert.throws(() => readYaml(text, FILE, { limits: { dynamicPluginsAliases: 7 } }), {
    code: 'CONFIG_DYNAMIC_PLUGINS',
    message: /yaml:2: aliases repeat more than 7 values/,
  });
});

test('G2: a billion laughs and a chain of merges end at the limit', () => {
  const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 10; i++)
    laughs.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  assert.throws(() => read(laughs.join('\n')), /aliases repeat more than 100000 values/);
  const wide = Array.from({ length: 400 }, (_, i) => `k${i}: v`).join(', ');
  const merges = `a: &a {${wide}}\nb: [${Array(300).fill('{<<: *a}').join(', ')}]\n`;
  assert.throws(() => read(merges), /aliases repeat more than 100000 values/);
});

test('G2: an alias inside what it names is refused', () => {
  for (const text of ['&a [*a]', '&a {b: *a}', 'a: &a {<<: *a, b: 1}'])
    assert.throws(() => read(text), /stands inside/);
});

test('G2: nesting is limited, through aliases as well', () => {
  const op = { limits: { dynamicPluginsDepth: 3 } };
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  assert.ok(readYaml(nested(3), FILE, op).value);
  assert.throws(() => readYaml(nested(4), FILE, op), { message: /yaml:1: nested deeper than 3/ });
  assert.ok(readYaml('- &a [[]]\n- *a\n', FILE, op).value);
  assert.throws(() => readYaml('- &a [[]]\n- [*a]\n', FILE, op), { message: /yaml:2: nested deeper than 3/ });
  for (const text of ['- '.repeat(50_000), '? '.repeat(50_000), nested(50_000)]) {
    assert.throws(() => read(text), /nested deeper than 100/);
  }
});

test('a file is as large as the limit says and not a byte larger', () => {
  const op = { limits: { dynamicPluginsBytes: 5 } };
  assert.ok(readYaml('a: é', FILE, op).value);
  assert.throws(() => readYaml('a: éx', FILE, op), { code: 'CONFIG_DYNAMIC_PLUGINS', message: /larger than 5 bytes/ });
});

test('whatever is in a file, it is read or refused by name', () => {
  const alphabet = fc.constantFrom(
    ...' \n\t:-?,[]{}#&*!|>\'"%@`ax1.=<~\r'.split(''),
    'é',
    '😀',
    '\u2028',
    '- ',
    ': ',
    '!!',
  );
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 40 }), (parts) => {
      try {
        read(parts.join(''));
      } catch (error) {
        assert.ok(isGantryError(error), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
