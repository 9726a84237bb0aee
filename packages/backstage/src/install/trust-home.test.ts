import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { openTrustHome } from './trust-home.ts';

const skip = process.getuid === undefined;
const own = `gantry-${process.getuid?.() ?? 'user'}`;

function open(env: Readonly<Record<string, string>>) {
  const lines: string[] = [];
  const log = { line: (text: string) => void lines.push(text), warn: (text: string) => void lines.push(text) };
  return { home: openTrustHome({ env }, log), lines };
}

test('E7: trust roots are kept in a directory of this user alone, and found again', { skip }, async (t) => {
  const TMPDIR = await tempDir(t);
  for (const run of [1, 2]) {
    const { home, lines } = open({ TMPDIR });
    home[Symbol.dispose]();
    assert.deepEqual([home.directory, lines], [join(TMPDIR, own), []], `run ${run}`);
  }
  assert.equal(statSync(join(TMPDIR, own)).mode & 0o777, 0o700);
});

for (const [what, plant] of [
  ['a directory that the group can write', (path: string) => [mkdirSync(path), chmodSync(path, 0o770)]],
  ['a directory that everybody can read', (path: string) => [mkdirSync(path), chmodSync(path, 0o755)]],
  ['a link', (path: string) => [mkdirSync(`${path}-theirs`, { mode: 0o700 }), symlinkSync(`${path}-theirs`, path)]],
] as const) {
  test(`E7, E8: ${what} under the name that can be guessed is not used, and said`, { skip }, async (t) => {
    const TMPDIR = await tempDir(t);
    plant(join(TMPDIR, own));
    const before = readdirSync(TMPDIR);
    const { home, lines } = open({ TMPDIR });
    assert.notEqual(home.directory, join(TMPDIR, own));
    assert.equal(statSync(home.directory).mode & 0o777, 0o700);
    assert.match(lines.join(), /is not this user's alone/);
    home[Symbol.dispose]();
    assert.deepEqual(readdirSync(TMPDIR), before);
  });
}

test('GANTRY_HOME is the user’s own decision; where nothing can be made, nothing is', async (t) => {
  const TMPDIR = await tempDir(t);
  assert.equal(open({ GANTRY_HOME: '/elsewhere', TMPDIR }).home.directory, '/elsewhere');
  assert.equal(open({ TMPDIR: join(TMPDIR, 'none') }).home.directory, join(TMPDIR, 'none', own));
  assert.ok(!existsSync(join(TMPDIR, 'none')));
});
