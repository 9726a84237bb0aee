import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stalePages } from './generated-docs.ts';

test('generated pages say what the code says', async () => {
  assert.deepEqual(await stalePages(), [], 'run npm run docs');
});
