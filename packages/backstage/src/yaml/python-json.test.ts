import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { recordedPyYaml } from '@gantry/testkit';
import { pythonFloat } from './python-float.ts';
import { pythonJson } from './python-json.ts';
import { readYaml } from './read-yaml.ts';

function json(text: string): string {
  const { value } = readYaml(text, 'f.yaml');
  assert.ok(value);
  return pythonJson(value);
}

test('JSON is what Python writes', () => {
  assert.equal(json('{b: [1, 2.0], a: {}, c: []}'), '{"a": {}, "b": [1, 2.0], "c": []}');
  assert.equal(json('[~, yes, no, "x"]'), '[null, true, false, "x"]');
  assert.equal(json('"é \\U0001F600 \\x7f \\" \\\\ / \\t"'), '"\\u00e9 \\ud83d\\ude00 \\u007f \\" \\\\ / \\t"');
  assert.equal(json('[.inf, -.inf, .nan, 12345678901234567890]'), '[Infinity, -Infinity, NaN, 12345678901234567890]');
  assert.equal(json('{1.50: a, 0x10: b, ~: c, on: d}'), '{"1.5": "a", "16": "b", "null": "c", "true": "d"}');
  assert.equal(json('{"\\U0001F600": 1, "\\uE000": 2}'), '{"\\ue000": 2, "\\ud83d\\ude00": 1}', 'sorted by characters');
});

test('a date is its ISO text', () => {
  assert.equal(json('[2024-01-02, 2001-12-14 21:59:43.1 -5]'), '["2024-01-02", "2001-12-14T21:59:43.100000-05:00"]');
});

test('floats have the digits of Python', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [1704067200, '1704067200.0'],
    [1704067200.123456, '1704067200.123456'],
    [0.1, '0.1'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.5e300, '1.5e+300'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-1.25e-7, '-1.25e-07'],
    [5e-324, '5e-324'],
  ];
  for (const [value, text] of cases) assert.equal(pythonFloat(value), text);
});

test('recorded maps have the hash that Python computed', () => {
  for (const [text, hash] of recordedPyYaml().records) {
    assert.equal(createHash('sha256').update(json(text)).digest('hex'), hash, text);
  }
});
