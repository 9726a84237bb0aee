import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainValue, yamlValue } from './plain-value.ts';
import { readYaml } from './read-yaml.ts';
import { typedValue } from './typed-value.fixture.ts';

const ORIGIN = { file: 'f', line: 1, column: 1 };

test('values become plain data and plain data values', () => {
  const { value } = readYaml('{a: [1, 1.5, yes, ~, x], b: {c: 2024-01-02}}', 'f');
  assert.ok(value);
  const plain = plainValue(value);
  assert.equal(JSON.stringify(plain), '{"a":[1,1.5,true,null,"x"],"b":{"c":"2024-01-02"}}');
  assert.equal(JSON.stringify(plainValue(yamlValue(plain, ORIGIN))), JSON.stringify(plain));
  assert.deepEqual(typedValue(yamlValue([2, 2.5], ORIGIN)), [
    'list',
    [
      ['integer', '2'],
      ['float', '2.5'],
    ],
  ]);
});

test('G1: plain objects have no prototype, and keys that reach one are refused', () => {
  const { value } = readYaml('{a: {b: 1}}', 'f');
  assert.ok(value);
  assert.equal(Object.getPrototypeOf(plainValue(value)), null);
  assert.throws(() => yamlValue(JSON.parse('{"__proto__": {"x": 1}}'), ORIGIN), { code: 'CONFIG_DYNAMIC_PLUGINS' });
});
