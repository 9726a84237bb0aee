import assert from 'node:assert/strict';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatPlatform, hostPlatform } from '@gantry/oci';
import { lockedPlace } from '../locked-place.fixture.ts';
import { gantry, gantryJson } from '../run-main.fixture.ts';

test('install writes a lock, and from then on installs what it holds without reading a tag', async (t) => {
  const { options, ref, digest, registry, lock, lockText, lockFile, publish } = await lockedPlace(t);
  const first = await gantryJson(['install'], options);
  assert.deepEqual(first['lock'], { file: lockFile, changed: true });
  const [entry] = (await lock()).plugins;
  assert.deepEqual(
    { ...entry, size: undefined },
    {
      name: 'hello',
      source: `${ref}:1.0`,
      digest,
      size: undefined,
      platforms: [],
      signer: 'unsigned',
      evidence: [],
    },
  );
  const text = await lockText();
  assert.ok(!text?.includes(options.cwd ?? ''), 'no absolute path');

  assert.notEqual(await publish('hello', 'moved'), digest);
  for (const verb of [
    ['install'],
    ['install', '--frozen'],
    ['install', '--dry-run'],
    ['install', '--dry-run', '--frozen'],
  ]) {
    registry.log.clear();
    const again = await gantryJson<{ plugins: { digest: string }[] }>(verb, options);
    assert.deepEqual(
      again.plugins.map((plugin) => plugin.digest),
      [digest],
      verb.join(' '),
    );
    assert.equal(registry.log.count(undefined, '/manifests/1.0'), 0, verb.join(' '));
    assert.equal(await lockText(), text);
  }
});

test('a lock entry satisfies require: digest, also for a tag; a new source is resolved and added', async (t) => {
  const { options, ref, digest, declare, lock, publish, registry } = await lockedPlace(t);
  await gantry(['install'], options);
  const strict = `  - scope: ${registry.address}/\n    require: digest\n`;
  await declare({ hello: `${ref}:1.0` }, strict);
  const { plugins } = await gantryJson<{ plugins: { verdict: { policy: string } }[] }>(['install'], options);
  assert.equal(plugins[0]?.verdict.policy, 'digest');
  assert.match((await gantry(['why', 'hello'], options)).out, /gantry\.lock names its digest/);

  const other = await publish('other', 'other');
  await declare({ hello: `${ref}:1.0`, other: `${registry.address}/acme/other:1.0` }, strict);
  const refused = await gantry(['install'], options);
  assert.equal(refused.code, 4);
  assert.match(refused.err, /POLICY_UNPINNED/);
  assert.equal((await lock()).plugins.length, 1, 'nothing is locked when one is refused');
  await declare({ hello: `${ref}:1.0`, other: `oci://${registry.address}/acme/other@${other}` }, strict);
  await gantry(['install'], options);
  assert.deepEqual(
    (await lock()).plugins.map((entry) => [entry.name, entry.digest]),
    [
      ['hello', digest],
      ['other', other],
    ],
  );
});

test('entries that are no longer declared are dropped; a source that changed is resolved again', async (t) => {
  const { options, ref, declare, lock, publish, registry } = await lockedPlace(t);
  const other = `${registry.address}/acme/other:1.0`;
  await publish('other', 'other');
  await declare({ hello: `${ref}:1.0`, other });
  await gantry(['install'], options);
  const second = await publish('hello', 'second', '2.0');
  await declare({ hello: `${ref}:2.0` });
  const changed = await gantry(['install'], options);
  assert.equal(changed.code, 0, changed.err);
  assert.match(changed.err, /^wrote .*gantry\.lock$/m);
  assert.deepEqual(
    (await lock()).plugins.map((entry) => [entry.name, entry.digest]),
    [['hello', second]],
  );
});

test('--keep-going locks the good ones, and failed ones keep the entry they had', async (t) => {
  const { options, ref, declare, lock, lockText, digest, publish, registry } = await lockedPlace(t);
  await gantry(['install'], options);
  const before = await lockText();
  const other = await publish('other', 'other');
  await declare({ hello: `${ref}:absent`, other: `${registry.address}/acme/other:1.0` });
  assert.equal((await gantry(['install'], options)).code, 3);
  assert.equal(await lockText(), before);
  assert.equal((await gantry(['install', '--keep-going'], options)).code, 3);
  assert.deepEqual(
    (await lock()).plugins.map((entry) => [entry.name, entry.source, entry.digest]),
    [
      ['hello', `${ref}:1.0`, digest],
      ['other', `${registry.address}/acme/other:1.0`, other],
    ],
  );
});

test('install REF leaves the lock alone', async (t) => {
  const { options, pinned, lockText } = await lockedPlace(t);
  assert.equal((await gantry(['install', pinned], options)).code, 0);
  assert.equal(await lockText(), undefined);
  const frozen = await gantry(['install', pinned, '--frozen'], options);
  assert.equal(frozen.code, 2);
  assert.match(frozen.err, /CONFIG_USAGE/);
});

test('--frozen fails when lock and gantry.yaml disagree, says in what, and asks nobody', async (t) => {
  const { options, ref, declare, lockText, registry, lockFile } = await lockedPlace(t);
  registry.log.clear();
  const frozen = async (says: RegExp): Promise<void> => {
    const { code, out, err } = await gantry(['install', '--frozen'], options);
    assert.deepEqual([code, out], [2, ''], err);
    assert.match(err, /CONFIG_LOCK_DRIFT/);
    assert.match(err, says);
    assert.equal(registry.log.count(), 0);
  };
  await frozen(/gantry\.lock: there is no such file/);
  await gantry(['install'], options);
  const text = await lockText();
  registry.log.clear();
  await declare({ hello: `${ref}:2.0` });
  await frozen(/hello is locked as .*:1\.0, gantry\.yaml has .*:2\.0/);
  await declare({ hello: `${ref}:1.0`, more: `${ref}:1.0` });
  await frozen(/more is not locked/);
  await declare({ renamed: `${ref}:1.0` });
  await frozen(/renamed is not locked; hello is locked and not in gantry\.yaml/);
  assert.equal(await lockText(), text);
  await writeFile(lockFile, `<<<<<<< HEAD\n${text}`);
  const damaged = await gantry(['install', '--frozen'], options);
  assert.equal(damaged.code, 2);
  assert.match(damaged.err, /gantry\.lock:1: .*CONFIG_LOCK_INVALID/);
});

test('E10: a lock that is a link is refused before anything is installed', async (t) => {
  const { options, cwd, lockFile } = await lockedPlace(t);
  await writeFile(join(cwd, '.bashrc'), 'mine');
  await symlink(join(cwd, '.bashrc'), lockFile);
  for (const verb of [['install'], ['install', '--frozen'], ['install', '--dry-run']]) {
    const { code, err } = await gantry(verb, options);
    assert.equal(code, 2, verb.join(' '));
    assert.match(err, /is a link \(CONFIG_LOCK_INVALID\)/);
  }
  assert.equal(await readFile(join(cwd, '.bashrc'), 'utf8'), 'mine');
  assert.equal((await gantryJson<{ plugins: [] }>(['list'], options)).plugins.length, 0);
});

test('the lock holds every platform of an index, and installs on another one without reading a tag', async (t) => {
  const { options, declare, lock, registry, cwd, publish, lockFile } = await lockedPlace(t);
  const ref = `${registry.address}/acme/many`;
  await publish('native', 'native');
  await publish('foreign', 'foreign');
  const host = formatPlatform(hostPlatform());
  const platforms = [`--platform=${host}=native.sh`, '--platform=plan9/mips=foreign.sh'];
  const pushed = await gantryJson<{ digest: string; layers: { digest: string }[] }>(
    ['push', `${ref}:1.0`, ...platforms],
    options,
  );
  await declare({ many: `${ref}:1.0` });
  registry.log.clear();
  await gantry(['install'], options);
  assert.equal(registry.log.count('GET', '/blobs/'), 1, 'only the blob of this platform');
  const [entry] = (await lock()).plugins;
  assert.equal(entry?.digest, pushed.digest);
  assert.deepEqual(
    entry?.platforms.map(({ platform }) => platform),
    [host, 'plan9/mips'].toSorted(),
  );

  registry.log.clear();
  const other = ['install', '--frozen', '--platform', 'plan9/mips', '--root', 'elsewhere'];
  const { plugins } = await gantryJson<{ plugins: { digest: string; platform: string; entry: string }[] }>(
    other,
    options,
  );
  assert.deepEqual([plugins[0]?.digest, plugins[0]?.platform], [pushed.digest, 'plan9/mips']);
  assert.match(await readFile(plugins[0]?.entry ?? '', 'utf8'), /foreign/);
  assert.equal(registry.log.count(undefined, '/manifests/1.0'), 0);

  const text = await readFile(lockFile, 'utf8');
  const foreign = entry?.platforms.find(({ platform }) => platform === 'plan9/mips');
  await writeFile(lockFile, text.replace(String(foreign?.digest), `sha256:${'0'.repeat(64)}`));
  const lying = await gantry(other, options);
  assert.equal(lying.code, 2);
  assert.match(lying.err, /plan9\/mips to be sha256:.*CONFIG_LOCK_INVALID/);
  await writeFile(lockFile, text.replace(`"size": ${entry?.size}`, '"size": 1'));
  assert.match(
    (await gantry(['install', '--frozen'], options)).err,
    /expected size \d+, found 1 \(CONFIG_LOCK_INVALID\)/,
  );
  await rm(join(cwd, 'elsewhere'), { recursive: true });
});

test('--frozen works from a layout in an air gap, wherever the project lies', async (t) => {
  const { options, declare, lock, ref, digest, registry, cwd } = await lockedPlace(t);
  await gantry(['pull', `${ref}:1.0`, '--layout', '-o', 'air'], options);
  await declare({ hello: 'oci-layout:air:1.0', local: './hello.sh' });
  await gantry(['install'], options);
  assert.deepEqual(
    (await lock()).plugins.map(({ source }) => source),
    ['oci-layout:./air:1.0', './hello.sh'],
  );
  await registry.close();
  const { plugins } = await gantryJson<{ plugins: { digest: string }[] }>(
    ['install', '--frozen', '--offline', '--root', 'fresh'],
    options,
  );
  assert.equal(plugins[0]?.digest, digest);

  await writeFile(join(cwd, 'hello.sh'), '#!/bin/sh\necho changed\n');
  const changed = await gantry(['install', '--frozen'], options);
  assert.equal(changed.code, 4);
  assert.match(changed.err, /local .*: locked as sha256:.*CONTENT_INTEGRITY/);
  assert.equal((await gantry(['install'], options)).code, 0, 'a local file is the user’s own');
  assert.equal((await gantry(['install', '--frozen'], options)).code, 0);
});
