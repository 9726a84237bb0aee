import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InstallSettings, installSettings } from './install-settings.ts';

function read(env: Readonly<Record<string, string>>): { settings: InstallSettings; warnings: readonly string[] } {
  const warnings: string[] = [];
  const settings = installSettings(env, { line: () => {}, warn: (text) => void warnings.push(text) });
  return { settings, warnings };
}

test('MAX_ENTRY_SIZE and the time-out of the lock: numbers above 0, else the default with a warning', () => {
  for (const [text, expected] of [
    ['1', 1],
    ['20000000', 20_000_000],
    [' 5 ', 5],
  ] as const) {
    const { settings, warnings } = read({ MAX_ENTRY_SIZE: text, DYNAMIC_PLUGINS_LOCK_TIMEOUT_MS: text });
    assert.deepEqual([settings.maxEntryBytes, settings.lockTimeoutMs, warnings], [expected, expected, []], text);
  }
  for (const text of ['0', '-1', 'many', '1.5', '1e3', '99999999999999999999']) {
    const { settings, warnings } = read({ MAX_ENTRY_SIZE: text, DYNAMIC_PLUGINS_LOCK_TIMEOUT_MS: text });
    assert.deepEqual(
      [settings.maxEntryBytes, settings.lockTimeoutMs, warnings.length],
      [40_000_000, undefined, 2],
      text,
    );
    assert.match(warnings[0] ?? '', /^WARNING: MAX_ENTRY_SIZE is no whole number above 0/);
  }
});

test('worker counts are honoured: auto, numbers, and 1 for what is neither', () => {
  for (const [text, expected] of [
    ['1', 1],
    ['2', 2],
    ['0', 1],
    ['-3', 1],
    ['some', 1],
  ] as const) {
    const { settings } = read({ DYNAMIC_PLUGINS_WORKERS: text, DYNAMIC_PLUGINS_NPM_WORKERS: text });
    assert.deepEqual([settings.imageWorkers, settings.npmWorkers], [expected, expected], text);
  }
  const automatic = read({ DYNAMIC_PLUGINS_WORKERS: 'auto' }).settings;
  assert.equal(automatic.imageWorkers, read({}).settings.imageWorkers);
  assert.ok(automatic.imageWorkers >= 1 && automatic.imageWorkers <= 8);
  assert.ok(automatic.npmWorkers >= 1 && automatic.npmWorkers <= 3);
  // However many are asked for, memory bounds them.
  const { settings } = read({ DYNAMIC_PLUGINS_WORKERS: '1000000000' });
  assert.ok(settings.imageWorkers <= process.availableMemory() / (8 * 1024 * 1024));
});

test('the other variables, and their defaults', () => {
  const { settings } = read({
    SKIP_INTEGRITY_CHECK: 'TRUE',
    CATALOG_INDEX_IMAGE: 'quay.io/a/b:1',
    EXTRA_CATALOG_INDEX_IMAGES: 'x=quay.io/a/c:1',
    CATALOG_ENTITIES_EXTRACT_DIR: '/extensions',
  });
  assert.equal(settings.skipIntegrity, true);
  assert.equal(settings.catalogIndex, 'quay.io/a/b:1');
  assert.equal(settings.extraCatalogIndexes, 'x=quay.io/a/c:1');
  assert.equal(settings.entitiesDirectory, '/extensions');
  const standard = read({ SKIP_INTEGRITY_CHECK: 'yes', TMPDIR: '/t', CATALOG_INDEX_IMAGE: '' }).settings;
  assert.deepEqual([standard.skipIntegrity, standard.entitiesDirectory], [false, '/t/extensions']);
  assert.equal(standard.catalogIndex, undefined);
});
