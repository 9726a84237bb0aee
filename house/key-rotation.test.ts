import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { repository } from './packages.ts';
import { runShellExamples, shellBlocks } from './shell-examples.ts';

test('every command of the page about changing a key runs as pasted', async (t) => {
  const commands = shellBlocks(readFileSync(join(repository, 'docs', 'key-rotation.md'), 'utf8'));
  const { code, output } = await runShellExamples(commands, await tempDir(t));
  assert.equal(code, 0, output);
  for (const said of ['hello, World', 'still on the evidence of the old key', 'hello, again']) {
    assert.ok(output.includes(said), `"${said}" is missing in:\n${output}`);
  }
});
