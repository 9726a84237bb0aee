import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeEnvironment, startNpmRegistry, tempDir } from '@gantry/testkit';
import { packageIntegrity } from './package-integrity.ts';

test('the integrity of a tarball URL, a local tarball and a package of a registry', async (t) => {
  const [directory, npm] = [await tempDir(t), await startNpmRegistry(t)];
  await writeFile(join(directory, '.npmrc'), `registry=${npm.url}\n`);
  const { integrity, url, tarball } = npm.publish({ name: '@acme/one', version: '1.2.3' });
  await writeFile(join(directory, 'one.tgz'), tarball);
  const environment = fakeEnvironment({ env: { HOME: directory, PATH: '', PREFIX: directory } });
  for (const [spec, exact] of [
    [url, url],
    ['./one.tgz', './one.tgz'],
    [join(directory, 'one.tgz'), join(directory, 'one.tgz')],
    ['@acme/one', '@acme/one@1.2.3'],
    ['other@npm:@acme/one@^1', 'other@npm:@acme/one@1.2.3'],
  ] as const) {
    const found = await packageIntegrity(spec, { directory, environment });
    assert.deepEqual(found, { package: exact, integrity, bytes: tarball.length });
  }
});

test('bytes that are not those its registry names, directories, images and git have no integrity', async (t) => {
  const [directory, npm] = [await tempDir(t), await startNpmRegistry(t)];
  await writeFile(join(directory, '.npmrc'), `registry=${npm.url}\n`);
  npm.publish({
    name: 'lying',
    version: '1.0.0',
    dist: { integrity: `sha512-${Buffer.alloc(64).toString('base64')}` },
  });
  await mkdir(join(directory, 'local'));
  const environment = fakeEnvironment({ env: { HOME: directory, PATH: '', PREFIX: directory } });
  for (const [spec, code] of [
    ['lying@1.0.0', 'CONTENT_INTEGRITY'],
    ['absent@1.0.0', 'REGISTRY_NOT_FOUND'],
    ['./local', 'CONFIG_PACKAGE'],
    ['oci://quay.example/a/b:1', 'CONFIG_PACKAGE'],
    ['git+https://git.example/a/b.git', 'CONFIG_GIT_PACKAGE'],
  ] as const) {
    await assert.rejects(packageIntegrity(spec, { directory, environment }), { code }, spec);
  }
});
