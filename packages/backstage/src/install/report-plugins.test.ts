import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedPackage } from '../npm/named-package.ts';
import type { Decisions } from './decide-all.ts';
import { reportPlugins } from './report-plugins.ts';

test('a plugin that nobody accounts for is no success, unless nothing was to be done yet', () => {
  const entry = namedPackage('one@1.0.0');
  const decision = {
    entry,
    configHash: '',
    record: undefined,
    fingerprint: undefined,
    rules: undefined,
    standing: undefined,
  };
  const decided: Decisions = {
    loaded: { state: 'loaded', plugins: [entry], failures: [], merged: new Map(), dropped: [] },
    decisions: new Map([[entry, decision]]),
    failures: new Map(),
    missing: new Set(),
    paths: new Map(),
  };
  const stateOf = (planned: boolean) =>
    reportPlugins({ decided, installations: new Map(), root: '/root', planned }).map(({ state }) => state);
  assert.deepEqual([stateOf(true), stateOf(false)], [['installed'], ['failed']]);
});
