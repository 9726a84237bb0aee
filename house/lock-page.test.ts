import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { coreError, readLock } from '@gantry/core';
import { tempDir } from '@gantry/testkit';
import { repository } from './packages.ts';

const page = readFileSync(join(repository, 'docs', 'lock.md'), 'utf8');

test('the example of the page about gantry.lock is a lock, and the page names its fields and codes', async (t) => {
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const file = join(await tempDir(t), 'gantry.lock');
  writeFileSync(file, example);
  const [entry] = readLock(file)?.plugins ?? [];
  assert.ok(entry !== undefined);
  for (const field of Object.keys(entry)) assert.match(page, new RegExp(`^\\| .*\`${field}\`.* \\|`, 'm'), field);
  for (const code of Object.keys(coreError.specs).filter((name) => /_LOCK(?:_|$)/.test(name))) {
    assert.ok(page.includes(code), code);
  }
});
