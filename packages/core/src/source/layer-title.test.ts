import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { layerFileName } from './layer-title.ts';

function titled(title: string | undefined): Parameters<typeof layerFileName>[0] {
  const layer = { mediaType: 'application/octet-stream', digest: digestOf(new Uint8Array()), size: 0 };
  return title === undefined ? layer : { ...layer, annotations: { 'org.opencontainers.image.title': title } };
}

test('B10: of a title only the last segment counts', () => {
  const cases: readonly (readonly [title: string | undefined, name: string | undefined])[] = [
    [undefined, undefined],
    ['plugin', 'plugin'],
    ['dist/plugin.wasm', 'plugin.wasm'],
    ['../x', 'x'],
    ['/etc/passwd', 'passwd'],
    ['C:\\Windows\\x.exe', 'x.exe'],
    ['C:..\\x', 'x'],
    ['.hidden', '.hidden'],
    ['caf\u00e9', 'caf\u00e9'],
  ];
  for (const [title, name] of cases) assert.equal(layerFileName(titled(title)), name, String(title));
});

test('B10: a title that is no portable file name is refused', () => {
  const titles = [
    '',
    '/',
    'a/',
    '.',
    '..',
    'a/..',
    'a\0b',
    'a\nb',
    '\u001b[2J',
    'a\u202eb',
    'con',
    'NUL.txt',
    'com\u00b9',
    'a:b',
    'C:x',
    'a*',
    'a?',
    'a.',
    'a ',
    'cafe\u0301',
    'x'.repeat(65536),
  ];
  for (const title of titles) {
    assert.throws(
      () => layerFileName(titled(title)),
      { code: 'ARCHIVE_UNSAFE_PATH' },
      JSON.stringify(title.slice(0, 40)),
    );
  }
});

test('titleBytes holds at n-1, n and n+1', () => {
  const op = { limits: { titleBytes: 4 } };
  assert.equal(layerFileName(titled('abc'), op), 'abc');
  assert.equal(layerFileName(titled('abcd'), op), 'abcd');
  assert.throws(() => layerFileName(titled('abcde'), op), { code: 'ARCHIVE_UNSAFE_PATH' });
  assert.throws(() => layerFileName(titled('ab\u20ac'), op), { code: 'ARCHIVE_UNSAFE_PATH' });
});
