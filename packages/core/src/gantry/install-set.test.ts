import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { filePlugin, otherVersion, testRoot, verified } from '../install/plugin.fixture.ts';
import type { PreparedInstall } from '../install/prepare.ts';
import { installSet } from './install-set.ts';

test('E9: when a switch fails those before it are taken back, unless the set is to keep going', async (t) => {
  for (const keepGoing of [false, true]) {
    const { root } = await testRoot(t);
    const old = await root.install(await verified(), { name: 'a' });
    const next = await verified(otherVersion());
    const prepare = async (name: string): Promise<PreparedInstall> => {
      const prepared = await root.prepare(next, { name });
      if (name !== 'c') return prepared;
      const activate = (): never => {
        throw new Error('no space left');
      };
      return { ...prepared, activate };
    };
    const outcomes = await installSet(['a', 'b', 'c', 'd'], prepare, { keepGoing });
    const names = (await root.list()).map((row) => row.name);
    if (keepGoing) {
      assert.deepEqual(
        outcomes.map(({ state }) => state),
        ['installed', 'installed', 'failed', 'installed'],
      );
      assert.deepEqual(names, ['a', 'b', 'd']);
      assert.equal((await root.get('a')).facts.digest, next.plugin.root.digest);
    } else {
      assert.deepEqual(
        outcomes.map(({ state }) => state),
        ['held back', 'held back', 'failed', 'held back'],
      );
      assert.deepEqual(names, ['a']);
      assert.equal((await root.get('a')).facts.digest, old.facts.digest);
    }
  }
});

test('E9: when the seal of a set fails, every switch is taken back', async (t) => {
  const { root } = await testRoot(t);
  const old = await root.install(await verified(), { name: 'a' });
  const next = await verified(otherVersion());
  const prepare = (name: string): Promise<PreparedInstall> => root.prepare(next, { name });
  const states: string[][] = [];
  const seal = (outcomes: readonly { readonly state: string }[]): never => {
    states.push(outcomes.map(({ state }) => state));
    throw new Error('cannot be written');
  };
  await assert.rejects(installSet(['a', 'b'], prepare, { seal }), { message: 'cannot be written' });
  assert.deepEqual(states, [['installed', 'installed']]);
  assert.deepEqual(
    (await root.list()).map((row) => [row.name, row.facts?.digest]),
    [['a', old.facts.digest]],
  );
});

test('F12: a set that is cancelled throws, activates nothing and holds nothing', async (t) => {
  const { root, directory } = await testRoot(t);
  const controller = new AbortController();
  const prepare = async (name: string): Promise<PreparedInstall> => {
    if (name === 'b') controller.abort();
    return root.prepare(await verified(filePlugin()), { name });
  };
  await assert.rejects(installSet(['a', 'b'], prepare, { keepGoing: true }, { signal: controller.signal }), {
    name: 'AbortError',
  });
  assert.deepEqual(await root.list(), []);
  assert.deepEqual(readdirSync(`${directory}/leases`), []);
});
