import assert from 'node:assert/strict';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { loadConfig } from './load-config.ts';
import { recordTokenHost } from './record-token-host.ts';

const registry = 'registry.example:5000';

test('a token host is added once, and the rest of the file stays as it was', async (t) => {
  const file = join(await tempDir(t), 'gantry.yaml');
  const before =
    '# ours\nschemaVersion: 1\nregistries:\n  registry.example:5000: { plainHttp: true } # inside\nlimits:\n  retries: 2\n';
  await writeFile(file, before, { mode: 0o640 });
  for (const host of ['sso.example', 'sso.example', 'other.example:8443']) await recordTokenHost(file, registry, host);
  const text = await readFile(file, 'utf8');
  assert.match(text, /^# ours\n/);
  assert.match(text, /# inside/);
  const config = await loadConfig({ flag: file });
  assert.deepEqual(config.registries[registry]?.tokenHosts, ['sso.example', 'other.example:8443']);
  assert.equal(config.registries[registry]?.plainHttp, true);
  assert.equal(config.limits['retries'], 2);
  assert.equal((await stat(file)).mode & 0o777, 0o640);
});

test('a file that is not there is made', async (t) => {
  const file = join(await tempDir(t), 'gantry', 'gantry.yaml');
  await recordTokenHost(file, registry, 'sso.example');
  assert.deepEqual((await loadConfig({ flag: file })).registries, { [registry]: { tokenHosts: ['sso.example'] } });
});

test('E10: a link in the place of the file is replaced, never written through', async (t) => {
  const directory = await tempDir(t);
  const other = join(directory, 'profile');
  await writeFile(other, 'schemaVersion: 1\n');
  await symlink(other, join(directory, 'gantry.yaml'));
  await recordTokenHost(join(directory, 'gantry.yaml'), registry, 'sso.example');
  assert.equal(await readFile(other, 'utf8'), 'schemaVersion: 1\n');
});

test('what is not YAML or cannot be written is an error', async (t) => {
  const directory = await tempDir(t);
  await writeFile(join(directory, 'broken.yaml'), 'a: [');
  await assert.rejects(recordTokenHost(join(directory, 'broken.yaml'), registry, 'x'), { code: 'CONFIG_INVALID' });
  await writeFile(join(directory, 'file'), '');
  await assert.rejects(recordTokenHost(join(directory, 'file', 'gantry.yaml'), registry, 'x'), {
    code: 'CONFIG_UNREADABLE',
  });
  await mkdir(join(directory, 'gantry.yaml'));
  await assert.rejects(recordTokenHost(join(directory, 'gantry.yaml'), registry, 'x'), { code: 'CONFIG_UNREADABLE' });
});
