import assert from 'node:assert/strict';
import type { Stats } from 'node:fs';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { systemFileSystem } from './file-system.ts';
import { requirePrivate } from './private-directory.ts';

const me = process.getuid?.() ?? 0;

for (const [what, mode, uid, gid, at, safe] of [
  ['the directory of another user', 0o700, me + 1, 0, '', false],
  ['a parent of another user', 0o755, me + 1, 0, '..', false],
  ['a sticky parent of another user', 0o1777, me + 1, 0, '..', false],
  ['a parent of root', 0o755, 0, 0, '..', true],
  ['a sticky parent of root', 0o1777, 0, 0, '..', true],
  ['a parent that a group can write', 0o775, me, me + 1, '..', false],
  ['the directory itself, sticky and open to all', 0o1777, me, me, '', false],
] as const) {
  test(`E7: ${what} is ${safe ? 'accepted' : 'refused'}`, async (t) => {
    const directory = join(await tempDir(t), 'parent', 'store');
    mkdirSync(directory, { recursive: true });
    const seen = join(directory, at);
    const fileSystem = {
      ...systemFileSystem,
      lstat: (path: string): Stats | undefined => {
        const stats = systemFileSystem.lstat(path);
        if (stats === undefined || path !== seen) return stats;
        return Object.assign(stats, { mode: (stats.mode & ~0o7777) | mode, uid, gid });
      },
    };
    if (safe) assert.equal(requirePrivate(fileSystem, directory), directory);
    else assert.throws(() => requirePrivate(fileSystem, directory), { code: 'STORE_UNSAFE' });
  });
}

test('E7: links on the way are resolved first, also where the directory does not exist yet', async (t) => {
  const parent = await tempDir(t);
  mkdirSync(join(parent, 'real'));
  symlinkSync(join(parent, 'real'), join(parent, 'link'));
  assert.equal(requirePrivate(systemFileSystem, join(parent, 'link', 'a', 'b')), join(parent, 'real', 'a', 'b'));
});
