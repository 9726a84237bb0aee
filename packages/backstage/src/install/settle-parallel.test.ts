import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { settleParallel } from './settle-parallel.ts';

test('every item is worked on, never more at once than asked for, whichever fails', async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  const failed = await settleParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await setImmediate();
    running -= 1;
    seen.push(item);
    if (item % 3 === 0) throw new Error(`no ${item}`);
  });
  assert.deepEqual(seen.sort(), [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(most, 3);
  assert.deepEqual(
    failed.map(({ item, error }) => [item, (error as Error).message]),
    [
      [3, 'no 3'],
      [6, 'no 6'],
    ],
  );
});

test('an interruption starts nothing more and waits for what runs', async () => {
  const controller = new AbortController();
  const ended: number[] = [];
  const work = settleParallel(
    [1, 2, 3, 4],
    2,
    async (item) => {
      if (item === 2) controller.abort(new Error('stop'));
      await setImmediate();
      ended.push(item);
    },
    controller.signal,
  );
  await assert.rejects(work, /stop/);
  assert.deepEqual(ended, [1, 2]);
});
