import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestMemory } from './manifest-memory.ts';
import { blob, type Content } from './remote-world.fixture.ts';

const [A, B, C]: [Content, Content, Content] = [blob('a'.repeat(10)), blob('b'.repeat(10)), blob('c'.repeat(10))];

test('the manifest that was used longest ago goes first', () => {
  const memory = manifestMemory();
  const op = { limits: { manifestMemoryBytes: 20 } };
  memory.put(A.what.digest, A.bytes, op);
  memory.put(B.what.digest, B.bytes, op);
  assert.equal(memory.get(A.what.digest), A.bytes);
  memory.put(C.what.digest, C.bytes, op);
  assert.equal(memory.get(B.what.digest), undefined);
  assert.equal(memory.get(A.what.digest), A.bytes);
  memory.delete(A.what.digest);
  assert.equal(memory.get(A.what.digest), undefined);
  assert.equal(memory.get(C.what.digest), C.bytes);
});

test('manifestMemoryBytes at n-1, n and n+1; the same manifest counts once', () => {
  for (const [limit, kept] of [
    [19, 1],
    [20, 2],
    [21, 2],
  ] as const) {
    const memory = manifestMemory();
    for (const content of [A, A, B, B]) {
      memory.put(content.what.digest, content.bytes, { limits: { manifestMemoryBytes: limit } });
    }
    assert.equal([A, B].filter(({ what }) => memory.get(what.digest) !== undefined).length, kept);
  }
  const none = manifestMemory();
  none.put(A.what.digest, A.bytes, { limits: { manifestMemoryBytes: 9 } });
  assert.equal(none.get(A.what.digest), undefined);
});
