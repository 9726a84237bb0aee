/** A few rounds of what `npm run test:soak` does in full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './dynamic-plugins-soak.ts';

test('E1: 16 installers on one root, killed, stopped and frozen: a reader never sees half a plugin, the end is right', async (t) => {
  const seen = await soak(t, { installers: 16, rounds: 2, freezeEvery: 2, log: (line) => t.diagnostic(line) });
  assert.ok((seen.versions['a'] ?? 0) > 0 && (seen.versions['b'] ?? 0) > 0, JSON.stringify(seen));
  assert.ok((seen.ends['killed'] ?? 0) + (seen.ends['terminated'] ?? 0) > 0, JSON.stringify(seen));
});
