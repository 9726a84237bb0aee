import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainValue } from './plain-value.ts';
import { readYaml } from './read-yaml.ts';

function plain(text: string): unknown {
  const { value } = readYaml(text, 'f');
  assert.ok(value);
  return plainValue(value);
}

test('values become plain data', () => {
  const data = plain('{a: [1, 1.5, yes, ~, x], b: {c: 2024-01-02, d: 9007199254740993}}');
  assert.equal(JSON.stringify(data), '{"a":[1,1.5,true,null,"x"],"b":{"c":"2024-01-02","d":9007199254740992}}');
});

test('G1: plain objects have no prototype', () => {
  assert.equal(Object.getPrototypeOf(plain('{a: {b: 1}}')), null);
});
