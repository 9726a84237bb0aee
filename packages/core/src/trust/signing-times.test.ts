import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OpEvent } from '@gantry/oci';
import { faultyFileSystem, tempDir } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { digestOfText } from './resolved-plugin.fixture.ts';
import { signingTimes } from './signing-times.ts';

const [ONE, TWO] = [digestOfText('one'), digestOfText('two')];

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

test('C9: the newest time stays, for each repository and signer, after a restart as well', async (t) => {
  const directory = join(await tempDir(t), 'state', 'signing-times');
  const memory = signingTimes(directory);
  assert.equal(memory.newest('a.example/x', 'key'), undefined);
  memory.remember('a.example/x', 'key', { time: 2000, digest: TWO });
  memory.remember('a.example/x', 'key', { time: 1000, digest: ONE });
  memory.remember('a.example/x', 'other', { time: 500, digest: ONE });
  const again = signingTimes(directory);
  assert.deepEqual(again.newest('a.example/x', 'key'), { time: 2000, digest: TWO });
  assert.deepEqual(again.newest('a.example/x', 'other'), { time: 500, digest: ONE });
  assert.equal(again.newest('a.example/y', 'key'), undefined);
  again.remember('a.example/x', 'key', { time: 3000, digest: ONE });
  assert.deepEqual(memory.newest('a.example/x', 'key'), { time: 3000, digest: ONE });
  assert.equal(filesIn(directory).length, 2, 'what is older is not kept');
  for (const file of filesIn(directory)) assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('C10: a repository or signer of any name stays inside the directory', async (t) => {
  const home = await tempDir(t);
  const directory = join(home, 'signing-times');
  const memory = signingTimes(directory);
  for (const name of ['../../etc', '/etc/passwd', 'a\0b', '', 'x'.repeat(5000)]) {
    memory.remember(name, name, { time: 1, digest: ONE });
    assert.deepEqual(memory.newest(name, name), { time: 1, digest: ONE });
  }
  assert.deepEqual(readdirSync(home), ['signing-times']);
  for (const place of readdirSync(directory)) assert.match(place, /^[0-9a-f]{64}$/);
});

test('C9: writers at the same moment, and one that is killed at any point, forget nothing', async (t) => {
  const directory = await tempDir(t);
  const before = signingTimes(directory);
  before.remember('a.example/x', 'key', { time: 1000, digest: ONE });
  for (const point of ['publish-file.synced', 'publish-file.renamed']) {
    const reached = (name: string): void => {
      if (name === point) throw new Error('killed here');
    };
    const killed = { ...systemFileSystem, reached };
    assert.throws(() => signingTimes(directory, killed).remember('a.example/x', 'key', { time: 2000, digest: TWO }));
    assert.ok((before.newest('a.example/x', 'key')?.time ?? 0) >= 1000, point);
  }
  // Another writer has been faster between the look and the write.
  const late = {
    ...systemFileSystem,
    list: (path: string) => {
      const names = systemFileSystem.list(path);
      before.remember('a.example/x', 'key', { time: 9000, digest: TWO });
      return names;
    },
  };
  signingTimes(directory, late).remember('a.example/x', 'key', { time: 5000, digest: ONE });
  assert.deepEqual(before.newest('a.example/x', 'key'), { time: 9000, digest: TWO });
});

test('C12: damage is told and takes no protection away; a memory that cannot be used is told and stops nothing', async (t) => {
  const directory = await tempDir(t);
  const events: OpEvent[] = [];
  const op = { onEvent: (event: OpEvent) => events.push(event) };
  const memory = signingTimes(directory);
  memory.remember('a.example/x', 'key', { time: 2000, digest: TWO });
  const [file = ''] = filesIn(directory);
  assert.match(readFileSync(file, 'utf8'), /"signedAt": "1970-01-01T00:00:02.000Z"/);
  for (const garbage of ['', 'not json', '{"digest":5}', '[]', 'x'.repeat(100_000)]) {
    writeFileSync(file, garbage);
    assert.deepEqual(memory.newest('a.example/x', 'key', op), { time: 2000, digest: undefined });
    assert.equal(events.pop()?.type, 'warning');
  }
  mkdirSync(join(file, '..', 'junk'));
  writeFileSync(join(file, '..', 'junk.json'), '');
  assert.equal(memory.newest('a.example/x', 'key', op)?.time, 2000);
  for (const code of ['EACCES', 'EROFS', 'EIO', 'ENOSPC', 'ENOTDIR']) {
    const faulty = faultyFileSystem(systemFileSystem, { code, failAt: 1, sticky: true });
    signingTimes(directory, faulty).remember('a.example/x', 'key', { time: 3000, digest: ONE }, op);
    assert.equal(events.pop()?.type, 'warning', code);
    assert.equal(memory.newest('a.example/x', 'key', op)?.time, 2000);
  }
});
