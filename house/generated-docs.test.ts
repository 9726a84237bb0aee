import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stalePages } from './generated-docs.ts';

test('docs/errors.md and docs/limits.md say what the code says', () => {
  assert.deepEqual(stalePages(), [], 'run npm run docs');
});
