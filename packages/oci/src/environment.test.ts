import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemEnvironment } from './environment.ts';

test('a wait that is longer than a timer of Node can be does not end at once', async () => {
  for (const ms of [2 ** 31, Number.POSITIVE_INFINITY]) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    await assert.rejects(systemEnvironment().sleep(ms, stop.signal), { name: 'AbortError' });
  }
});
