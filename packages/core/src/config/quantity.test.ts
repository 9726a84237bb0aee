import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuantity } from './quantity.ts';
import { suggest } from './suggest.ts';

test('quantities are whole numbers of base units', () => {
  const cases: readonly (readonly [
    value: string | number,
    unit: Parameters<typeof parseQuantity>[1],
    n: number | undefined,
  ])[] = [
    ['64MiB', 'bytes', 64 * 1024 * 1024],
    ['1.5 KiB', 'bytes', 1536],
    [512, 'bytes', 512],
    ['5s', 'milliseconds', 5000],
    ['1.5h', 'milliseconds', 5_400_000],
    ['1KiB', 'bytes/second', 1024],
    [7, 'count', 7],
    ['7', 'ratio', 7],
    ['5s', 'bytes', undefined],
    ['5MiB', 'count', undefined],
    ['5mb', 'bytes', undefined],
    ['0', 'count', undefined],
    [-1, 'count', undefined],
    [1.5, 'count', undefined],
    ['', 'bytes', undefined],
    ['constructor', 'bytes', undefined],
    ['1constructor', 'bytes', undefined],
    ['1e3', 'count', undefined],
    ['9007199254740993', 'count', undefined],
    ['999999TiB', 'bytes', undefined],
  ];
  for (const [value, unit, expected] of cases) assert.equal(parseQuantity(value, unit), expected, `${value} ${unit}`);
});

test('the nearest word is suggested, and none when nothing is near', () => {
  const known = ['registries', 'trust', 'plugins', 'limits', 'caFile'];
  assert.equal(suggest('registres', known), 'registries');
  assert.equal(suggest('registry', known), 'registries');
  assert.equal(suggest('turst', known), 'trust');
  assert.equal(suggest('cafile', known), 'caFile');
  assert.equal(suggest('plugin', known), 'plugins');
  assert.equal(suggest('backstage', known), undefined);
  assert.equal(suggest('x'.repeat(100_000), known), undefined);
});
