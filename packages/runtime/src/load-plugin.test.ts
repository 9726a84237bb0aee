import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installed } from '@gantry/core';
import { isGantryError } from '@gantry/oci';
import { install } from './installed.fixture.ts';
import { loadPlugin } from './load-plugin.ts';
import { assemblePlugin, ECHO } from './wat.fixture.ts';

const code = (expected: string) => (error: unknown) => isGantryError(error) && error.code === expected;

test('the kind of a plugin chooses its runtime', async (t) => {
  for (const installed of [
    await install(t, 'executable', '#!/bin/sh\nexec cat\n'),
    await install(t, 'wasm', assemblePlugin(ECHO)),
  ]) {
    const plugin = await loadPlugin(installed, {});
    t.after(() => plugin[Symbol.asyncDispose]());
    const { output, exitCode } = await plugin.run({ input: Buffer.from('same') });
    assert.deepEqual([Buffer.from(output).toString(), exitCode], ['same', 0]);
  }
});

test('a kind that cannot run yet says so', async (t) => {
  for (const kind of ['node', 'library', 'files'] as const) {
    const installed = await install(t, kind, '');
    await assert.rejects(
      loadPlugin(installed, {}),
      (error) => code('RUNTIME_KIND_UNSUPPORTED')(error) && (error as Error).message.includes(kind),
    );
  }
});

test('only what a plugin root vouches for is loaded: no copy, no forgery', async (t) => {
  const installed = await install(t, 'executable', '#!/bin/sh\n');
  const forged = Object.create(Object.getPrototypeOf(installed), { facts: { value: installed.facts } });
  for (const value of [{ facts: installed.facts }, { ...installed }, forged, undefined]) {
    await assert.rejects(loadPlugin(value as Installed, {}), code('POLICY_NOT_VERIFIED'));
  }
});
