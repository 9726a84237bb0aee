import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { recordedPyYaml } from '@gantry/testkit';
import { readYaml } from '../yaml/read-yaml.ts';
import type { YamlMap, YamlValue } from '../yaml/yaml-value.ts';
import { changeHash, knownHashes } from './change-hash.ts';
import type { PluginEntry } from './plugin-entry.ts';

const ORIGIN = { file: 'dynamic-plugins.yaml', line: 1, column: 1 };

function mapOf(text: string): YamlMap {
  const { value } = readYaml(text, ORIGIN.file);
  assert.ok(value?.type === 'map');
  return value;
}

function entryOf(fields: YamlMap | string, level: 0 | 1 = 1): PluginEntry {
  const map = typeof fields === 'string' ? mapOf(fields) : fields;
  const record = new Map<string, YamlValue>([...map.entries].map(([name, { value }]) => [name, value]));
  const name = record.get('package');
  assert.ok(name?.type === 'string');
  return {
    key: name.value,
    package: name.value,
    source: { type: 'npm', spec: name.value },
    enabled: true,
    integrity: undefined,
    pluginConfig: undefined,
    pullPolicy: 'IfNotPresent',
    forceDownload: false,
    level,
    record,
    origins: new Map(),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test('the hash of a recorded record is the one that Python computed', () => {
  let held = 0;
  for (const [text, hash] of recordedPyYaml().records) {
    const entries = new Map(mapOf(text).entries);
    const level = entries.get('last_modified_level')?.value;
    if (level?.type !== 'integer') continue;
    const local = entries.get('_local_package_info')?.value;
    entries.delete('last_modified_level');
    entries.delete('_local_package_info');
    const entry = entryOf({ type: 'map', entries, origin: ORIGIN }, level.value === 0n ? 0 : 1);
    assert.equal(changeHash(entry, local?.type === 'map' ? local : undefined), hash, text);
    held++;
  }
  assert.ok(held > 10);
});

test('the configuration and the version of a plugin are no part of its hash', () => {
  const bare = changeHash(entryOf('package: x'));
  assert.equal(bare, sha256('{"last_modified_level": 1, "package": "x"}'));
  assert.equal(changeHash(entryOf('{package: x, pluginConfig: {a: 1}, version: "1"}')), bare);
  assert.notEqual(changeHash(entryOf('{package: x, dependencies: [{ref: y}]}')), bare);
  assert.notEqual(changeHash(entryOf('package: x', 0)), bare);
});

test('noise makes no difference to what is known as installed', () => {
  const spellings = [
    '{package: x}',
    '{package: x, disabled: no}',
    '{package: x, enabled: on}',
    '{package: x, enabled: true, disabled: false}',
  ];
  for (const before of spellings) {
    for (const after of spellings) {
      for (const level of [0, 1] as const) {
        assert.ok(knownHashes(entryOf(after)).has(changeHash(entryOf(before, level))), `${before} to ${after}`);
      }
    }
  }
});

test('what makes a difference is not taken for the same', () => {
  const known = knownHashes(entryOf('{package: x, integrity: sha512-a}'));
  for (const other of [
    '{package: y, integrity: sha512-a}',
    '{package: x}',
    '{package: x, integrity: sha512-a, forceDownload: true}',
  ]) {
    assert.equal(known.has(changeHash(entryOf(other))), false, other);
  }
});

test('what the TypeScript original installed is known: other floats, text as it is', () => {
  const local = mapOf('{_package_json: {name: é}, _package_json_mtime: 1704067200.0}');
  const entry = entryOf('package: ./é');
  const facts = '"_local_package_info": {"_package_json": {"name": "é"}, "_package_json_mtime": 1704067200}';
  assert.ok(knownHashes(entry, local).has(sha256(`{${facts}, "last_modified_level": 1, "package": "./é"}`)));
  assert.ok(
    knownHashes(entry, local).has(sha256(`{${facts}, "disabled": false, "last_modified_level": 0, "package": "./é"}`)),
  );
});

test('a date in an extra key hashes as its ISO text', () => {
  const hash = changeHash(entryOf('{package: x, since: 2024-01-02}'));
  assert.equal(hash, sha256('{"last_modified_level": 1, "package": "x", "since": "2024-01-02"}'));
});
