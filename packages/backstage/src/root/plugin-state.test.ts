import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePluginState, parsePluginState } from './plugin-state.ts';
import { factsOf } from './root.fixture.ts';

const { state } = factsOf('1');
const parse = (change: object) => {
  const document = JSON.parse(Buffer.from(encodePluginState(state)).toString());
  return parsePluginState('.gantry.json of one', Buffer.from(JSON.stringify({ ...document, ...change })));
};

test('a state is read back as it was written', () => {
  assert.deepEqual(parsePluginState('x', encodePluginState(state)), state);
  const bare = { ...state, image: undefined, digest: undefined, paths: undefined, fingerprint: 'a b', policy: 'c' };
  assert.deepEqual(parsePluginState('x', encodePluginState(bare)), bare);
});

for (const [what, change] of Object.entries({
  'a field that is unknown': { surprise: 1 },
  'another version': { schemaVersion: 0 },
  'a package that is no text': { package: null },
  'paths that are no texts': { paths: [1] },
  'a time that is none': { installedAt: 'yesterday' },
})) {
  test(`a state with ${what} is damaged`, () => {
    assert.throws(() => parse(change), { code: 'INSTALL_DAMAGED', message: /^.gantry.json of one is damaged/ });
  });
}

test('a state of a newer Gantry is refused as such', () => {
  assert.throws(() => parse({ schemaVersion: 2 }), { code: 'STORE_VERSION' });
});
