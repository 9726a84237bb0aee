import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startNpmRegistry } from '@gantry/testkit';
import { entryOf, npmWorld } from './npm-world.fixture.ts';

const INTEGRITY = 'sha512-AAAA';

for (const written of [
  'npm/cli#c12ea07',
  'npm/cli',
  'github:npm/cli',
  'git+https://github.com/npm/cli.git',
  'git+ssh://git@github.com/npm/cli',
  'git://github.com/npm/cli',
  'https://github.com/npm/cli.git',
  'git@github.com:npm/cli',
  'alias@npm/cli',
]) {
  test(`the git repository ${written} is refused with a code of its own`, async (t) => {
    const { npm, staging } = await npmWorld(t, { npmrc: 'registry=http://127.0.0.1:9/' });
    const refused = { code: 'CONFIG_GIT_PACKAGE', message: `${written} is a git repository (dynamic-plugins.yaml:7)` };
    await assert.rejects(npm.stage(entryOf(written, INTEGRITY), staging), refused);
  });
}

for (const [written, code] of [
  ['--upload-pack=touch /tmp/x', 'CONFIG_PACKAGE'],
  ['--upload-pack=x', 'CONFIG_PACKAGE'],
  ['ext::sh -c x', 'CONFIG_PACKAGE'],
  ['file:../../etc/passwd', 'CONFIG_PACKAGE'],
  ['/etc', 'CONFIG_PACKAGE'],
  ['../plugin', 'CONFIG_PACKAGE'],
  ['~/plugin', 'CONFIG_PACKAGE'],
  [`\${SECRET}`, 'CONFIG_PACKAGE'],
  [`x@\${SECRET}`, 'CONFIG_PACKAGE'],
  ['$(id)', 'CONFIG_PACKAGE'],
  ['a;b', 'CONFIG_PACKAGE'],
  ['a@npm:b@npm:c', 'CONFIG_PACKAGE'],
  ['ftp://host/x.tgz', 'CONFIG_PACKAGE'],
  ['node_modules', 'CONFIG_PACKAGE'],
  ['-o/tmp/x', 'CONFIG_PACKAGE'],
  ['-oProxyCommand=x', 'CONFIG_PACKAGE'],
  ['-oProxyCommand', 'CONFIG_PACKAGE'],
] as const) {
  test(`G6: ${written} is neither run nor expanded nor asked for`, async (t) => {
    const registry = await startNpmRegistry(t);
    const { npm, staging, staged } = await npmWorld(t, {
      npmrc: `registry=${registry.url}`,
      env: { SECRET: 'canary' },
      skipIntegrity: true,
    });
    await assert.rejects(npm.stage(entryOf(written), staging), (error: Error & { code?: unknown }) => {
      assert.equal(error.code, code, error.message);
      assert.doesNotMatch(error.message, /canary|root:/);
      return true;
    });
    assert.equal(registry.requests.length, 0);
    assert.deepEqual(await staged(), []);
  });
}

test('G6: a file that is no archive is refused, and nothing of it is told', async (t) => {
  const { npm, staging, root } = await npmWorld(t, { skipIntegrity: true });
  await writeFile(join(root, 'secret.tgz'), 'password=canary');
  await assert.rejects(npm.stage(entryOf('file:secret.tgz'), staging), (error: Error & { code?: unknown }) => {
    assert.equal(error.code, 'CONTENT_TYPE_MISMATCH');
    assert.doesNotMatch(error.message, /canary/);
    return true;
  });
  for (const absent of ['file:/dev/zero.tgz', './absent.tgz']) {
    await assert.rejects(npm.stage(entryOf(absent), staging), { code: 'CONFIG_PACKAGE', message: /\(ENOENT\)$/ });
  }
  await mkdir(join(root, 'directory.tgz'));
  await assert.rejects(npm.stage(entryOf('file:directory.tgz'), staging), { code: 'CONTENT_TYPE_MISMATCH' });
});
