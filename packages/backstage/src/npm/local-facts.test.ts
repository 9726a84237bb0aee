import assert from 'node:assert/strict';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { pythonJson } from '../yaml/python-json.ts';
import { localFacts } from './local-facts.ts';
import { writeTree } from './npm-world.fixture.ts';

/** What Python 3.11 printed for the same files: `json.dumps(facts, sort_keys=True)`. */
const RECORDED =
  '{"_package-lock.json_mtime": 1700000000.5, "_package_json": {"__proto__": {"a": 1}, "a": 2, "big": 12345678901234567890, "e": 1000.0, "l": [true, null, 0, -0.0, 0.1], "n": 1.0, "name": "x", "u": "\\u00fc \\ud83d\\ude00", "version": "1.0.0"}, "_package_json_mtime": 1704067200.0, "_yarn.lock_mtime": 1704067200.123456}';
const MANIFEST =
  '{"name": "x", "version": "1.0.0", "n": 1.0, "e": 1e3, "big": 12345678901234567890, "u": "\\u00fc \\ud83d\\ude00", "l": [true, null, -0, -0.0, 0.1], "__proto__": {"a": 1}, "a": 1, "a": 2}';

test('the facts of a local package are those of the original, float for float', async (t) => {
  const directory = await tempDir(t);
  await writeTree(directory, { 'package.json': MANIFEST, 'yarn.lock': '', 'package-lock.json': '{}' });
  await utimes(join(directory, 'package.json'), 0, 1_704_067_200);
  await utimes(join(directory, 'yarn.lock'), 0, 1_704_067_200.123456);
  await utimes(join(directory, 'package-lock.json'), 0, 1_700_000_000.5);
  assert.equal(pythonJson(localFacts(directory)), RECORDED);
});

test('times before 1970 count as Python counts them', async (t) => {
  const directory = await tempDir(t);
  await writeTree(directory, { 'package.json': '{}' });
  await utimes(join(directory, 'package.json'), 0, new Date(-1500));
  assert.equal(pythonJson(localFacts(directory)), '{"_package_json": {}, "_package_json_mtime": -1.5}');
});

test('a directory without package.json has its own time, what is no directory is not found', async (t) => {
  const directory = await tempDir(t);
  await mkdir(join(directory, 'package.json'));
  await writeFile(join(directory, 'yarn.lock'), '');
  await utimes(directory, 0, 1_704_067_200);
  assert.equal(pythonJson(localFacts(directory)), '{"_directory_mtime": 1704067200.0}');
  assert.equal(pythonJson(localFacts(join(directory, 'yarn.lock'))), '{"_not_found": true}');
  await rm(directory, { recursive: true });
  assert.equal(pythonJson(localFacts(directory)), '{"_not_found": true}');
});

test('a package.json that is not JSON is a fact too', async (t) => {
  const directory = await tempDir(t);
  await writeTree(directory, { 'package.json': '{' });
  assert.match(pythonJson(localFacts(directory)), /^\{"_error": "/);
});
