import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Installed } from '@gantry/core';
import { isGantryError } from '@gantry/oci';
import type { Grants, Plugin, Runtime } from '@gantry/runtime';

/** What a plugin of the suite does when it is called. */
export type SpecimenBehaviour =
  /** Gives its input back. */
  | 'echo'
  /** Fails in the way its kind has. */
  | 'fail'
  /** Never comes back. */
  | 'endless';

/** A runtime to test. */
export interface RuntimeSubject {
  readonly runtime: Runtime;
  /** Installs a plugin; `name` is what {@link Plugin.call} is given. */
  readonly specimen: (
    behaviour: SpecimenBehaviour,
  ) => Promise<{ readonly installed: Installed; readonly name: string }>;
}

/** Makes a runtime with what it runs. */
export type RuntimeFactory = (t: TestContext) => Promise<RuntimeSubject>;

/** What every {@link Runtime} promises: bytes in and out, failures as `RUNTIME_*`, and nothing left of an endless call. */
export function runtimeSuite(name: string, factory: RuntimeFactory): void {
  const load = async (
    t: TestContext,
    behaviour: SpecimenBehaviour,
    grants: Grants = {},
  ): Promise<(input?: string | Uint8Array, signal?: AbortSignal) => Promise<Buffer>> => {
    const { runtime, specimen } = await factory(t);
    const { installed, name: called } = await specimen(behaviour);
    const plugin = await runtime.load(installed, grants);
    t.after(() => plugin[Symbol.asyncDispose]());
    return async (input = '', signal) =>
      Buffer.from(await plugin.call(called, Buffer.from(input), signal === undefined ? {} : { signal }));
  };

  for (const size of [0, 1, 16, 100_000]) {
    test(`${name}: ${size} bytes go in and come out`, async (t) => {
      const call = await load(t, 'echo');
      const input = Buffer.alloc(size, 'gantry\0');
      assert.deepEqual(await call(input), input);
    });
  }

  test(`${name}: calls follow each other and may overlap`, async (t) => {
    const call = await load(t, 'echo');
    for (const input of ['one', 'two']) assert.equal((await call(input)).toString(), input);
    const inputs = Array.from({ length: 8 }, (_, at) => `call ${at}`);
    const outputs = await Promise.all(inputs.map((input) => call(input)));
    assert.deepEqual(outputs.map(String), inputs);
  });

  test(`R12: ${name}: a failure is a RUNTIME error, and the next call works as before`, async (t) => {
    const call = await load(t, 'fail');
    for (let nth = 0; nth < 3; nth++) {
      await assert.rejects(call(), (error) => isGantryError(error) && error.code.startsWith('RUNTIME_'));
    }
  });

  test(`R2: ${name}: an endless call ends with its time`, async (t) => {
    const call = await load(t, 'endless', { timeout: 1000 });
    await assert.rejects(call(), (error) => isGantryError(error) && error.code === 'RUNTIME_TIMEOUT');
  });

  test(`F12: ${name}: an endless call ends with its signal and its reason`, async (t) => {
    const call = await load(t, 'endless');
    const aborter = new AbortController();
    const reason = new Error('enough');
    const running = call('', aborter.signal);
    aborter.abort(reason);
    await assert.rejects(running, reason);
    await assert.rejects(call('', aborter.signal), reason);
  });

  test(`${name}: what was closed is not called, and closing ends what runs`, async (t) => {
    const { runtime, specimen } = await factory(t);
    const { installed, name: called } = await specimen('endless');
    const plugin: Plugin = await runtime.load(installed, {});
    const running = plugin.call(called, new Uint8Array());
    const ended = assert.rejects(running, (error) => isGantryError(error) && error.code.startsWith('RUNTIME_'));
    await plugin[Symbol.asyncDispose]();
    await ended;
    await plugin[Symbol.asyncDispose]();
    const after = plugin.call(called, new Uint8Array());
    await assert.rejects(after, (error) => isGantryError(error) && error.code === 'RUNTIME_CLOSED');
  });

  test(`${name}: only what a plugin root has vouched for is loaded`, async (t) => {
    const { runtime, specimen } = await factory(t);
    const { installed } = await specimen('echo');
    const forged = Object.create(Object.getPrototypeOf(installed), { facts: { value: installed.facts } }) as Installed;
    for (const copy of [forged, { ...installed } as Installed]) {
      await assert.rejects(
        async () => runtime.load(copy, {}),
        (error) => isGantryError(error) && error.code === 'POLICY_NOT_VERIFIED',
      );
    }
  });
}
