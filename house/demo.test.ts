import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { repository } from './packages.ts';

test('the demo goes the whole road and leaves nothing behind', async (t) => {
  const temporary = await tempDir(t);
  const demo = spawnSync(process.execPath, [join(repository, 'house', 'demo', 'demo.ts')], {
    cwd: temporary,
    env: { PATH: process.env['PATH'], HOME: temporary, TMPDIR: temporary },
    encoding: 'utf8',
  });
  assert.equal(demo.status, 0, demo.stderr);
  assert.match(demo.stdout, /it says: hello, executable\n[\s\S]*it says: hello, Wasm\n/);
  assert.match(demo.stdout, /run again, warm +sha256:[0-9a-f]{12} +0 bytes +0 requests/);
  assert.match(demo.stdout, /CONTENT_DIGEST_MISMATCH/);
  assert.deepEqual(readdirSync(temporary), []);
});
