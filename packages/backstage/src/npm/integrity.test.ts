import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { startNpmRegistry } from '@gantry/testkit';
import type { YamlValue } from '../yaml/yaml-value.ts';
import { entryOf, npmWorld } from './npm-world.fixture.ts';

const ORIGIN = { file: 'dynamic-plugins.yaml', line: 7, column: 5 };
const PLACE = ' (dynamic-plugins.yaml:7)';
const SUPPORTED = `is not supported, please use one of following algorithms ('sha512', 'sha384', 'sha256') instead`;

for (const [what, integrity, message] of [
  ['missing', undefined, 'No integrity hash provided for Package plain@1.0.0'],
  ['null', { type: 'null', origin: ORIGIN } as YamlValue, 'No integrity hash provided for Package plain@1.0.0'],
  ['empty', '', 'Package integrity for plain@1.0.0 is missing'],
  [
    'a number',
    { type: 'integer', value: 7n, origin: ORIGIN } as YamlValue,
    'Package integrity for plain@1.0.0 must be a string',
  ],
  ['without a dash', 'sha512', 'Package integrity for plain@1.0.0 must be a string of the form <algorithm>-<hash>'],
  ['without a hash', 'sha512-', 'Package integrity for plain@1.0.0 must be a string of the form <algorithm>-<hash>'],
  ['of md5', 'md5-AAAA', `plain@1.0.0: Provided Package integrity algorithm md5 ${SUPPORTED}`],
  ['of sha1 twice', 'sha1-AAAA sha1-BBBB', `plain@1.0.0: Provided Package integrity algorithm sha1 ${SUPPORTED}`],
  ['no base64', 'sha512-%%%', 'plain@1.0.0: Provided Package integrity hash %%% is not a valid base64 encoding'],
  [
    'without padding',
    'sha256-AAAAA',
    'plain@1.0.0: Provided Package integrity hash AAAAA is not a valid base64 encoding',
  ],
] as const) {
  test(`an integrity that is ${what} is refused before anything is asked`, async (t) => {
    const registry = await startNpmRegistry(t);
    const world = await npmWorld(t, { npmrc: `registry=${registry.url}` });
    await assert.rejects(world.npm.stage(entryOf('plain@1.0.0', integrity), world.staging), {
      code: 'CONFIG_PLUGIN_INTEGRITY',
      message: `${message}${PLACE}`,
    });
    assert.equal(registry.requests.length, 0);
    assert.deepEqual(await world.staged(), []);
  });
}

test('several hashes: those of the strongest algorithm count, and one of them is enough', async (t) => {
  const registry = await startNpmRegistry(t);
  const { tarball, integrity } = registry.publish({ name: 'plain', version: '1.0.0' });
  const of = (algorithm: string): string => `${algorithm}-${createHash(algorithm).update(tarball).digest('base64')}`;
  const wrong = (algorithm: string): string => `${algorithm}-${createHash(algorithm).update('x').digest('base64')}`;
  const world = await npmWorld(t, { npmrc: `registry=${registry.url}` });
  const stage = (text: string): Promise<unknown> => world.npm.stage(entryOf('plain', text), world.staging);
  for (const accepted of [
    integrity,
    of('sha384'),
    of('sha256'),
    `${wrong('sha512')} ${of('sha512')}`,
    `${wrong('sha256')}\n  ${of('sha512')}`,
    `sha1-AAAA ${of('sha256')}`,
  ]) {
    await stage(accepted);
  }
  for (const refused of [wrong('sha512'), `${wrong('sha512')} ${of('sha256')}`, `${of('sha256')} ${wrong('sha384')}`]) {
    await assert.rejects(stage(refused), { code: 'CONTENT_INTEGRITY' });
  }
});

test('other bytes than the integrity says are refused in the words of the original', async (t) => {
  const registry = await startNpmRegistry(t);
  const { integrity } = registry.publish({ name: 'plain', version: '1.0.0' });
  const world = await npmWorld(t, { npmrc: `registry=${registry.url}` });
  await assert.rejects(world.npm.stage(entryOf('plain', 'sha512-AAAA'), world.staging), {
    code: 'CONTENT_INTEGRITY',
    message: `plain: The hash of the downloaded package ${integrity.slice('sha512-'.length)} does not match the provided integrity hash AAAA provided in the configuration file${PLACE}`,
    details: { expected: 'sha512-AAAA', found: integrity },
  });
  assert.deepEqual(await world.staged(), []);
});

test('SKIP_INTEGRITY_CHECK: nothing written is needed, and what the registry itself says is still held against the bytes', async (t) => {
  const registry = await startNpmRegistry(t);
  registry.publish({ name: 'good', version: '1.0.0' });
  registry.publish({ name: 'lying', version: '1.0.0', dist: { integrity: 'sha512-AAAA' } });
  registry.publish({ name: 'old', version: '1.0.0', dist: { integrity: undefined } });
  registry.publish({ name: 'old-lying', version: '1.0.0', dist: { integrity: undefined, shasum: 'aa'.repeat(20) } });
  registry.publish({ name: 'silent', version: '1.0.0', dist: { integrity: undefined, shasum: undefined } });
  const world = await npmWorld(t, { npmrc: `registry=${registry.url}`, skipIntegrity: true });
  const stage = (name: string, integrity?: string): Promise<unknown> =>
    world.npm.stage(entryOf(name, integrity), world.staging);
  await stage('good');
  await stage('good', 'sha512-AAAA');
  await stage('old');
  await stage('silent');
  for (const name of ['lying', 'old-lying']) {
    await assert.rejects(stage(name), { code: 'CONTENT_INTEGRITY', message: /which its registry gives$/ });
  }
});
