import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPluginName, isPluginName } from './plugin-name.ts';

test('plain names are plugin names', () => {
  for (const name of ['a', '7', 'noel', 'verifier-noel', 'a.b', 'a_b', 'Tool', 'x'.repeat(128)]) {
    assert.equal(checkPluginName(name), name);
  }
});

test('D11: what could leave a directory, hide, or be a device is no plugin name', () => {
  const names = [
    '',
    '.',
    '..',
    '...',
    'a/../b',
    '../a',
    '/a',
    'a/b',
    'a\\b',
    '@x/..',
    '@x/y',
    'C:a',
    'a:b',
    '.hidden',
    '-o',
    '--all',
    'a\0',
    'a\n',
    'a b',
    'a..b',
    'a.',
    'con',
    'NUL.json',
    'com1',
    'caf\u00e9',
    'a\u202eb',
    '$SECRET',
    '%2e%2e',
    '~',
  ];
  for (const name of names) {
    assert.throws(() => checkPluginName(name), { code: 'INSTALL_NAME_INVALID' }, JSON.stringify(name));
    assert.equal(isPluginName(name), false);
  }
});

test('pluginNameLength holds at n-1, n and n+1', () => {
  const op = { limits: { pluginNameLength: 10 } };
  assert.equal(isPluginName('x'.repeat(9), op), true);
  assert.equal(isPluginName('x'.repeat(10), op), true);
  assert.equal(isPluginName('x'.repeat(11), op), false);
});

test('G4: a refused name is shown escaped', () => {
  assert.throws(
    () => checkPluginName('\u001b[2J'),
    (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.doesNotMatch(error.message, /\u001b/);
      return true;
    },
  );
});
