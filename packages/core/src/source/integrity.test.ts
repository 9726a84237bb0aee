import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { openIntegrity } from './integrity.ts';

const sri = (algorithm: string, text: string): string =>
  `${algorithm}-${createHash(algorithm).update(text).digest('base64')}`;

async function check(integrity: string, text: string): Promise<void> {
  const checker = await openIntegrity(integrity, 'a file');
  for (const character of text) checker.update(new TextEncoder().encode(character));
  checker.finish();
}

test('bytes with the integrity pass, and others do not', async () => {
  for (const algorithm of ['sha256', 'sha384', 'sha512']) {
    await check(sri(algorithm, 'hello'), 'hello');
    for (const other of ['hellp', 'hell', 'hello!', '']) {
      await assert.rejects(check(sri(algorithm, 'hello'), other), { code: 'CONTENT_INTEGRITY' });
    }
  }
});

test('C14: the strongest algorithm decides; any hash of it may match', async () => {
  await check(`${sri('sha256', 'other')} ${sri('sha512', 'hello')}`, 'hello');
  await check(`${sri('sha512', 'other')} ${sri('sha512', 'hello')}`, 'hello');
  await assert.rejects(check(`${sri('sha512', 'other')} ${sri('sha256', 'hello')}`, 'hello'), {
    code: 'CONTENT_INTEGRITY',
  });
});

test('C14: what is no strong integrity is refused, never passed over', async () => {
  for (const text of [
    '',
    ' ',
    'hello',
    'sha512-',
    'sha512',
    sri('sha1', 'hello'),
    sri('md5', 'hello'),
    'sha256-AAAA',
    'sha512-\u001b[2J',
  ]) {
    await assert.rejects(check(text, 'hello'), { code: 'CONFIG_INVALID' }, text);
  }
});
