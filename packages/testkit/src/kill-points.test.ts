import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KillOptions, runUntilKilled } from './kill-points.ts';

const script: URL = new URL('./kill-points.fixture.ts', import.meta.url);
const cases: readonly [KillOptions, signal: string | null, code: number | null, stdout: string][] = [
  [{ args: ['x'] }, null, 0, 'abaend x'],
  [{ point: 'a' }, 'SIGKILL', null, 'a'],
  [{ point: 'a', nth: 2 }, 'SIGKILL', null, 'aba'],
  [{ point: 'never', args: ['y'] }, null, 0, 'abaend y'],
];
for (const [options, signal, code, stdout] of cases) {
  test(`a child runs until ${options.point ?? 'its end'} ${options.nth ?? ''}`, async () => {
    const end = await runUntilKilled(script, options);
    assert.deepEqual({ ...end }, { signal, code, stdout, stderr: '' });
  });
}
