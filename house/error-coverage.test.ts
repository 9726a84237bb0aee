import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceFiles } from './source-files.ts';
import { allErrorTables, allLimitTables } from './tables.ts';

const files = sourceFiles('packages', 'house', 'examples');
const tests = files
  .filter(({ path }) => path.endsWith('.test.ts') || path.includes('packages/testkit/'))
  .map(({ text }) => text);
const product = files.filter(
  ({ path }) => /packages\/[\w-]+\/src\//.test(path) && !/\.(test|fixture)\.ts$|-(errors|limits)\.ts$/.test(path),
);

const named = (texts: readonly string[], word: string): boolean => {
  const literal = new RegExp(`\\b${word}\\b`);
  return texts.some((text) => literal.test(text));
};

test('every error code is produced by the code and by a test', () => {
  const sources = product.map(({ text }) => text);
  const codes = allErrorTables().flatMap((table) => Object.keys(table.specs));
  const unthrown = codes.filter((code) => !named(sources, code));
  assert.deepEqual(unthrown, [], 'in a table, but nothing throws it');
  const untested = codes.filter((code) => !named(tests, code));
  assert.deepEqual(untested, [], 'no test produces it');
});

test('codes and names of limits are unique over all packages', () => {
  const codes = allErrorTables().flatMap((table) => Object.keys(table.specs));
  assert.equal(new Set(codes).size, codes.length);
  const limits = allLimitTables().flatMap((table) => Object.keys(table.specs));
  assert.equal(new Set(limits).size, limits.length);
});

test('every limit is enforced by the code', () => {
  const sources = product.map(({ text }) => text);
  const names = allLimitTables().flatMap((table) => Object.keys(table.specs));
  const unread = names.filter((name) => !named(sources, name));
  assert.deepEqual(unread, [], 'in a table, but nothing reads it');
});
