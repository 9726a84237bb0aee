import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from './packages.ts';
import { sourceFiles } from './source-files.ts';

const page = readFileSync(join(repository, 'docs', 'threat-model.md'), 'utf8');

/** Ids of the rows, with the state that the page claims. */
const rows = [...page.matchAll(/^\| ([A-GR]\d+) \|.*\| ([^|]+) \|$/gm)].map(([, id = '', state = '']) => ({
  id,
  state,
}));

/** Every id that a test's name carries, `A1:` or several as `A1, A2:`. */
const tested = new Set(
  sourceFiles('packages')
    .filter(({ path }) => /\.(test|suite)\.ts$|-suite\.ts$/.test(path))
    .flatMap(({ text }) => [...text.matchAll(/['"`]((?:[A-GIR]\d+(?:, | and )?)+)[:\s]/g)])
    .flatMap(([, ids = '']) => ids.split(/, | and /)),
);

test('every row is either tested or says why not', () => {
  assert.ok(rows.length >= 80, `${rows.length} rows`);
  for (const { id, state } of rows) assert.match(state, /^(tested|not yet: .+)$/, id);
});

test('a row that is marked tested has a test with its id', () => {
  const missing = rows.filter(({ id, state }) => state === 'tested' && !tested.has(id)).map(({ id }) => id);
  assert.deepEqual(missing, []);
});

test('a row that is not yet answered has no test that says otherwise', () => {
  const stale = rows.filter(({ id, state }) => state !== 'tested' && tested.has(id)).map(({ id }) => id);
  assert.deepEqual(stale, []);
});
