import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childStdio } from './inherited-descriptors.ts';

test('R11: inherited descriptors are covered, and only they', () => {
  assert.deepEqual(childStdio([], -1), ['pipe', 'pipe', 'pipe']);
  assert.deepEqual(childStdio([5, 7], 20), ['pipe', 'pipe', 'pipe', 'ignore', 'ignore', 20, 'ignore', 20]);
});
