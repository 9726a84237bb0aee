import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from './packages.ts';

const page = readFileSync(join(repository, 'docs', 'developer-hub-deviations.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/\| test \|$/.test(line));

/** What the first segment of a path in the table stands for. */
const PLACES = new Map([
  ['cli', 'packages/cli/src'],
  ['core', 'packages/core/src'],
  ['oci', 'packages/oci/src'],
  ['e2e', 'conformance'],
]);

function pathOf(written: string): string {
  const [first = '', ...rest] = written.split('/');
  const place = PLACES.get(first);
  return place === undefined ? join('packages/backstage/src', written) : join(place, ...rest);
}

test('every row of what is kept and what is better names tests that are there', () => {
  assert.ok(rows.length > 50, `${rows.length} rows`);
  for (const row of rows) {
    const tests = [...(row.split(' | ').at(-1) ?? '').matchAll(/`([^`]+\.(?:test|e2e)\.ts)`/g)];
    assert.ok(tests.length > 0, row);
    for (const [, written = ''] of tests) assert.ok(existsSync(join(repository, pathOf(written))), written);
  }
});

test('each of the twelve points in which it is better has a row', () => {
  const points = new Set(rows.flatMap((row) => /^\| (\d+) \|/.exec(row)?.[1] ?? []));
  assert.deepEqual(
    [...points].map(Number),
    [...Array(12).keys()].map((index) => index + 1),
  );
});
