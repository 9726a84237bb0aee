import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from './fake-clock.ts';

test('sleepers wake in the order of time, and see the time they asked for', async () => {
  const clock = fakeClock({ start: 1000 });
  const woken: [string, number, number][] = [];
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    woken.push([name, clock.now(), clock.monotonic()]);
  };
  const all = [sleeper('b', 20), sleeper('a', 10), sleeper('c', 30).then(() => sleeper('d', 5))];
  assert.deepEqual(clock.pending, [20, 10, 30]);
  await clock.advance(29);
  assert.deepEqual(woken, [
    ['a', 1010, 10],
    ['b', 1020, 20],
  ]);
  await clock.advance(6);
  await Promise.all(all);
  assert.deepEqual(woken.slice(2), [
    ['c', 1030, 30],
    ['d', 1035, 35],
  ]);
});

test('a sleep ends with its signal', async () => {
  const clock = fakeClock();
  const reason = new Error('enough');
  const aborter = new AbortController();
  const sleeping = clock.sleep(10, aborter.signal);
  aborter.abort(reason);
  await assert.rejects(sleeping, reason);
  await assert.rejects(clock.sleep(10, aborter.signal), reason);
  assert.deepEqual(clock.pending, []);
});

test('chosen sleeps are skipped and recorded', async () => {
  const clock = fakeClock({ start: 0, skip: (ms) => ms < 100 });
  await clock.sleep(50);
  const long = clock.sleep(100);
  assert.deepEqual([clock.skipped, clock.pending, clock.now()], [[50], [100], 50]);
  await clock.advance(100);
  await long;
});

test('waits until somebody sleeps', async () => {
  const clock = fakeClock();
  const both = clock.whenPending(2);
  const sleeps = [clock.sleep(1), clock.sleep(1)];
  await both;
  await clock.advance(1);
  await Promise.all(sleeps);
});
