import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { writeTerminationMessage } from './termination-message.ts';

test('a termination message has at most 4,096 bytes and no half character', async (t) => {
  const file = join(await tempDir(t), 'log');
  const written = async (text: string): Promise<Buffer> => {
    writeTerminationMessage(text, { TERMINATION_LOG: file });
    return readFile(file);
  };
  assert.equal((await written('short')).toString(), 'short');
  assert.equal((await written('x'.repeat(4096))).toString(), 'x'.repeat(4096));
  for (const text of ['x'.repeat(4097), 'é'.repeat(3000), `a${'€'.repeat(3000)}`, '😀'.repeat(2000)]) {
    const bytes = await written(text);
    assert.ok(bytes.length <= 4096 && bytes.length > 4085, String(bytes.length));
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    assert.ok(text.startsWith(decoded.slice(0, -2)) && decoded.endsWith('…\n'));
  }
});

test("a place that cannot be written is nobody's failure", async (t) => {
  writeTerminationMessage('text', { TERMINATION_LOG: join(await tempDir(t), 'no', 'such', 'place') });
});
