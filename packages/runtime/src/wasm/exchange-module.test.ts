import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { assemble } from '../wat.fixture.ts';
import { EXCHANGE_MODULE } from './exchange-module.ts';

test('the embedded module is what its text assembles to', async () => {
  const text = await readFile(new URL('./exchange.wat', import.meta.url), 'utf8');
  assert.equal(Buffer.from(EXCHANGE_MODULE).toString('hex'), Buffer.from(assemble(text)).toString('hex'));
});
