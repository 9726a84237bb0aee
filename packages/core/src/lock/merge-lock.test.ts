import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { lockDrift, requireLock } from './lock-drift.ts';
import { EMPTY_LOCK, type Lock, type LockEntry } from './lock-file.ts';
import { lockChanges, mergeLock } from './merge-lock.ts';

function entry(name: string, version = '1.0'): LockEntry {
  const digest = digestOf(new TextEncoder().encode(`${name}:${version}`));
  const source = `registry.example/acme/${name}:${version}`;
  return { name, source, digest, size: 1, platforms: [], signer: 'unsigned', evidence: [] };
}

const names = ({ plugins }: Lock): string[] => plugins.map(({ name }) => name);

test('accepted entries replace those of their name, kept ones stay, all others go', () => {
  const before: Lock = { plugins: [entry('a'), entry('b'), entry('c')] };
  const after = mergeLock(before, { accepted: [entry('d'), entry('b', '2.0')], kept: (name) => name !== 'c' });
  assert.deepEqual(names(after), ['a', 'b', 'd']);
  assert.equal(after.plugins[1]?.source, 'registry.example/acme/b:2.0');
  assert.deepEqual(
    lockChanges(before, after).map((change) => [change.name, change.before?.source, change.after?.source]),
    [
      ['b', 'registry.example/acme/b:1.0', 'registry.example/acme/b:2.0'],
      ['c', 'registry.example/acme/c:1.0', undefined],
      ['d', undefined, 'registry.example/acme/d:1.0'],
    ],
  );
  assert.deepEqual(lockChanges(after, mergeLock(after, { accepted: [], kept: () => true })), []);
});

test('drift names every plugin that gantry.yaml and lock do not agree about', () => {
  const lock: Lock = { plugins: [entry('same'), entry('changed'), entry('gone')] };
  const declared = [entry('same'), entry('changed', '2.0'), entry('added')];
  assert.deepEqual(lockDrift(declared, lock), [
    'changed is locked as registry.example/acme/changed:1.0, gantry.yaml has registry.example/acme/changed:2.0',
    'added is not locked',
    'gone is locked and not in gantry.yaml',
  ]);
  assert.equal(requireLock('gantry.lock', [entry('same')], { plugins: [entry('same')] }).plugins.length, 1);
  assert.throws(() => requireLock('gantry.lock', declared, lock), { code: 'CONFIG_LOCK_DRIFT' });
  assert.throws(() => requireLock('gantry.lock', [], undefined), { code: 'CONFIG_LOCK_DRIFT' });
  assert.deepEqual(requireLock('gantry.lock', [], EMPTY_LOCK), EMPTY_LOCK);
});
