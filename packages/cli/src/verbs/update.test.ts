import assert from 'node:assert/strict';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRegistry } from '@gantry/testkit';
import { lockedPlace } from '../locked-place.fixture.ts';
import { place } from '../place.fixture.ts';
import { gantry, gantryJson } from '../run-main.fixture.ts';

/** What `update` says about a plugin. */
interface Updated {
  readonly name: string;
  readonly state: string;
  readonly previous: string | null;
  readonly digest: string;
  readonly signer: string;
}

const updates = (document: Record<string, unknown>): unknown[][] =>
  (document['plugins'] as Updated[]).map(({ name, state, previous, digest }) => [name, state, previous, digest]);

test('outdated reports moved tags with one HEAD each, and 10 with --exit-code', async (t) => {
  const { options, ref, digest, declare, publish, registry } = await lockedPlace(t);
  await publish('other', 'other');
  await declare({ hello: `${ref}:1.0`, other: `oci://${registry.address}/acme/other:1.0`, local: './hello.sh' });
  await gantry(['install'], options);
  registry.log.clear();
  assert.deepEqual(await gantryJson(['outdated', '--exit-code'], options), { schemaVersion: 1, plugins: [] });
  assert.deepEqual([registry.log.count('HEAD'), registry.log.count()], [2, 2]);
  assert.deepEqual(await gantry(['outdated'], options), { code: 0, out: '', err: 'nothing is outdated\n' });

  const available = await publish('hello', 'moved');
  const found = await gantry(['outdated', '--json', '--exit-code'], options);
  assert.equal(found.code, 10, found.err);
  assert.deepEqual(JSON.parse(found.out), {
    schemaVersion: 1,
    plugins: [{ name: 'hello', reference: `${ref}:1.0`, installed: digest, available }],
  });
  const { code, out } = await gantry(['outdated'], options);
  assert.equal(code, 0);
  assert.match(out, /^NAME +INSTALLED +AVAILABLE +REFERENCE\nhello +sha256:[0-9a-f]{12} +sha256:/);
});

test('outdated: what is named by digest never is, and what is only locked is compared with the lock', async (t) => {
  const { options, ref, pinned, declare, publish, digest, cwd } = await lockedPlace(t);
  await gantry(['install'], options);
  const available = await publish('hello', 'moved');
  await rm(join(cwd, 'home'), { recursive: true });
  const { plugins } = await gantryJson<{ plugins: object[] }>(['outdated'], options);
  assert.deepEqual(plugins, [{ name: 'hello', reference: `${ref}:1.0`, installed: digest, available }]);
  await declare({ hello: `oci://${pinned}` });
  await gantry(['install'], options);
  assert.deepEqual((await gantryJson<{ plugins: object[] }>(['outdated'], options)).plugins, []);
});

test('outdated: a registry that is not there does not hide the others', async (t) => {
  const { options, ref, declare, publish } = await lockedPlace(t);
  const gone = await startRegistry(t);
  await gantry(['push', `${gone.address}/acme/gone:1.0`, 'hello.sh'], options);
  const trust = [ref, gone.address].map((scope) => `  - scope: ${scope}\n    require: none\n`).join('');
  await declare({ gone: `${gone.address}/acme/gone:1.0`, hello: `${ref}:1.0` }, trust);
  assert.equal((await gantry(['install'], options)).code, 0);
  await publish('hello', 'moved');
  await gone.close();
  const settings = await gantry(['outdated', '--json', '--exit-code'], options);
  assert.equal(settings.code, 3);
  assert.deepEqual(
    JSON.parse(settings.out).plugins.map((plugin: Updated) => plugin.name),
    ['hello'],
  );
  assert.match(settings.err, /REGISTRY_/);
});

test('update installs and locks what has moved, and says what it did; an unchanged tag costs one HEAD', async (t) => {
  const { options, digest, publish, registry, lock, lockText, ref } = await lockedPlace(t);
  await gantry(['install'], options);
  const text = await lockText();
  registry.log.clear();
  const none = await gantryJson(['update'], options);
  assert.deepEqual(updates(none), [['hello', 'unchanged', digest, digest]]);
  assert.deepEqual([registry.log.count('HEAD'), registry.log.count()], [1, 1]);
  assert.equal(await lockText(), text);

  const next = await publish('hello', 'moved');
  const { code, out, err } = await gantry(['update', 'hello'], options);
  assert.equal(code, 0, err);
  assert.match(
    out,
    new RegExp(`^updated hello ${digest.slice(0, 19)} -> ${next.slice(0, 19)} \\(unsigned\\) ${ref}:1\\.0@${next}\n$`),
  );
  assert.equal((await lock()).plugins[0]?.digest, next);
  assert.equal((await gantry(['run', 'hello'], options)).out, 'moved\n');
  assert.equal((await gantry(['install', '--frozen'], options)).code, 0);
});

test('update NAME leaves the others and their lock entries alone', async (t) => {
  const { options, ref, digest, declare, publish, registry, lock } = await lockedPlace(t);
  const other = await publish('other', 'other');
  await declare({ hello: `${ref}:1.0`, other: `${registry.address}/acme/other:1.0` });
  await gantry(['install'], options);
  await publish('hello', 'moved');
  const next = await publish('other', 'moved too');
  assert.deepEqual(updates(await gantryJson(['update', 'other'], options)), [['other', 'updated', other, next]]);
  assert.deepEqual(
    (await lock()).plugins.map((entry) => [entry.name, entry.digest]),
    [
      ['hello', digest],
      ['other', next],
    ],
  );
});

test('update without gantry.yaml renews what was installed by its tag, when the policy accepts it', async (t) => {
  const { options, ref, digest, registry, cwd, pinned } = await place(t);
  await gantry(['install', `${ref}:1.0`, '--allow-unsigned'], options);
  await gantry(['install', pinned, '--name', 'fixed'], options);
  await gantry(['install', './hello.sh', '--name', 'local'], options);
  await writeFile(join(cwd, 'hello.sh'), '#!/bin/sh\necho moved\n');
  const pushed = (await gantry(['push', `${ref}:1.0`, 'hello.sh'], options)).out.trim();
  const next = pushed.slice(pushed.indexOf('@') + 1);

  const refused = await gantry(['update'], options);
  assert.equal(refused.code, 4, 'consent was for other bytes');
  assert.match(refused.err, /POLICY_UNPINNED/);
  registry.log.clear();
  const done = await gantryJson<{ plugins: Updated[]; lock: null }>(['update', '--allow-unsigned'], options);
  assert.deepEqual(
    done.plugins.map(({ name, state }) => [name, state]),
    [
      ['fixed', 'unchanged'],
      ['hello', 'updated'],
      ['local', 'unchanged'],
    ],
  );
  assert.deepEqual([done.plugins[1]?.previous, done.plugins[1]?.digest, done.lock], [digest, next, null]);
  assert.equal(registry.log.count('HEAD', '/manifests/1.0'), 1);
  assert.equal(registry.log.count('GET', '/manifests/1.0'), 1);
});

test('update: all or nothing; --keep-going takes the good ones; the exit code says that something failed', async (t) => {
  const { options, ref, digest, declare, publish, registry, lock, lockText } = await lockedPlace(t);
  const other = await publish('other', 'other');
  await declare({ hello: `${ref}:1.0`, other: `${registry.address}/acme/other:1.0` });
  await gantry(['install'], options);
  const text = await lockText();
  const next = await publish('hello', 'moved');
  await gantry(['delete', `${registry.address}/acme/other:1.0`], options);
  const nothing = await gantry(['update'], options);
  assert.deepEqual([nothing.code, nothing.out], [3, '']);
  assert.match(nothing.err, /nothing was updated, because others failed/);
  assert.equal(await lockText(), text);
  const some = await gantry(['update', '--keep-going', '--json'], options);
  assert.equal(some.code, 3);
  assert.deepEqual(updates(JSON.parse(some.out)), [['hello', 'updated', digest, next]]);
  assert.deepEqual(
    (await lock()).plugins.map((entry) => entry.digest),
    [next, other],
  );
});

test('update installs what is declared and not there, at the locked digest while the tag has not moved', async (t) => {
  const { options, digest, cwd, lock } = await lockedPlace(t);
  assert.deepEqual(updates(await gantryJson(['update'], options)), [['hello', 'installed', null, digest]]);
  assert.equal((await lock()).plugins[0]?.digest, digest);
  await rm(join(cwd, 'home', 'plugins'), { recursive: true });
  assert.deepEqual(updates(await gantryJson(['update'], options)), [['hello', 'installed', null, digest]]);
  const absent = await gantry(['update', 'absent'], options);
  assert.equal(absent.code, 1);
  assert.match(absent.err, /INSTALL_NOT_FOUND/);
});

test('E10: update never writes through a link', async (t) => {
  const { options, cwd, lockFile, publish } = await lockedPlace(t);
  await gantry(['install'], options);
  await publish('hello', 'moved');
  await rm(lockFile);
  await symlink(join(cwd, 'absent'), lockFile);
  const { code, err } = await gantry(['update'], options);
  assert.equal(code, 2);
  assert.match(err, /is a link \(CONFIG_LOCK_INVALID\)/);
});

test('update and outdated have nothing to do where nothing is declared or installed', async (t) => {
  const { options } = await place(t);
  const nothing = await gantry(['update'], options);
  assert.equal(nothing.code, 2);
  assert.match(nothing.err, /CONFIG_USAGE/);
  assert.deepEqual(await gantryJson(['outdated', '--exit-code'], options), { schemaVersion: 1, plugins: [] });
});
