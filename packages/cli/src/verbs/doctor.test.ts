import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { scriptedRegistry, startRegistry } from '@gantry/testkit';
import type { Check } from '../doctor/check.ts';
import { checkStore } from '../doctor/store-check.ts';
import { lockedPlace } from '../locked-place.fixture.ts';
import { place } from '../place.fixture.ts';
import { type Called, gantry, gantryJson } from '../run-main.fixture.ts';

type Options = Parameters<typeof gantry>[1];

/** The findings of `gantry doctor --json`, and how it ended. */
async function doctor(options: Options, ...flags: string[]): Promise<{ called: Called; checks: Check[] }> {
  const called = await gantry(['doctor', '--json', ...flags], options);
  return { called, checks: called.out === '' ? [] : JSON.parse(called.out).checks };
}

const about = (checks: readonly Check[], check: Check['check']): Check[] =>
  checks.filter((item) => item.check === check);
const states = (checks: readonly Check[], check: Check['check']): string[] =>
  about(checks, check).map(({ state }) => state);

test('doctor: where all is well every check says so, nothing is changed, and the exit code is 0', async (t) => {
  const { options, cwd, registry } = await lockedPlace(t);
  await gantry(['install'], options);
  const tree = async (): Promise<string[]> => (await readdir(cwd, { recursive: true })).toSorted();
  const before = await tree();
  registry.log.clear();
  const { called, checks } = await doctor(options);
  assert.equal(called.code, 0, called.out);
  assert.deepEqual(
    checks.filter(({ state }) => state !== 'ok'),
    [],
  );
  assert.deepEqual(
    [...new Set(checks.map(({ check }) => check))],
    [...['node', 'configuration', 'registry', 'clock', 'trust-root', 'store', 'plugins', 'lock']],
  );
  for (const check of checks) assert.deepEqual(Object.keys(check), ['check', 'state', 'message', 'hint']);
  assert.deepEqual(
    registry.log.requests.map(({ method, path }) => `${method} ${path}`),
    ['GET /v2/'],
  );
  assert.deepEqual(await tree(), before);
  const text = await gantry(['doctor'], options);
  assert.match(text.out, /^ok {7}node: Node \d+/);
  assert.match(text.out, /^ok {7}lock: .*gantry\.lock and gantry\.yaml agree/m);
});

test('doctor: a new machine has no problem', async (t) => {
  const { options } = await place(t);
  const { called, checks } = await doctor(options);
  assert.equal(called.code, 0, called.out);
  assert.deepEqual(states(checks, 'clock'), ['warning'], 'nobody told the time');
  assert.match(about(checks, 'configuration')[0]?.message ?? '', /no gantry\.yaml/);
});

test('doctor: a registry that is not there is a problem with a hint, and does not keep the rest from being looked at', async (t) => {
  const { options, ref, declare } = await lockedPlace(t);
  const gone = await startRegistry(t);
  await gone.close();
  await declare({ hello: `${ref}:1.0`, gone: `${gone.address}/acme/gone:1.0` });
  const { called, checks } = await doctor(options);
  assert.equal(called.code, 1);
  assert.equal(called.err, '');
  const problems = checks.filter(({ state }) => state === 'problem');
  assert.equal(problems.length, 1);
  assert.ok(problems[0]?.message.includes(gone.address));
  assert.match(problems[0]?.message ?? '', /\(REGISTRY_UNREACHABLE\)$/);
  assert.ok(problems[0]?.hint);
  assert.deepEqual(states(checks, 'registry').toSorted(), ['ok', 'problem']);
  assert.match((await gantry(['doctor'], options)).out, /^problem {2}registry: .*\n {9}hint: /m);
});

test('doctor: --offline asks nobody and says so', async (t) => {
  const { options, registry } = await lockedPlace(t);
  registry.log.clear();
  const { called, checks } = await doctor(options, '--offline');
  assert.equal(called.code, 0);
  assert.deepEqual(states(checks, 'registry'), ['warning']);
  assert.match(about(checks, 'registry')[0]?.message ?? '', /REGISTRY_OFFLINE/);
  assert.equal(registry.log.count(), 0);
});

test('doctor: a credential is tried, and a refused one is a problem that no output repeats', async (t) => {
  const { options, declare, cwd } = await lockedPlace(t);
  const registry = await scriptedRegistry(t, [], { auth: { kind: 'basic', users: { me: 'canary' } } });
  await declare({ hello: `${registry.address}/acme/hello:1.0` });
  const withPassword = async (password: string) => {
    const auth = Buffer.from(`me:${password}`).toString('base64');
    const file = join(cwd, 'auth.json');
    await writeFile(file, JSON.stringify({ auths: { [registry.address]: { auth } } }));
    return doctor({ ...options, env: { ...options.env, REGISTRY_AUTH_FILE: file } });
  };
  const good = await withPassword('canary');
  assert.match(about(good.checks, 'registry')[0]?.message ?? '', /accepts the credential/);
  const bad = await withPassword('wrong-canary');
  assert.equal(bad.called.code, 1);
  assert.match(about(bad.checks, 'registry')[0]?.message ?? '', /REGISTRY_UNAUTHORIZED/);
  assert.ok(!`${bad.called.out}${good.called.out}`.includes('canary'));
});

test('doctor: a clock that differs from the registries’ is a problem beyond what is tolerated', async (t) => {
  const { options, declare } = await lockedPlace(t);
  for (const [seconds, state] of [
    [-30, 'ok'],
    [3600, 'problem'],
    [-3600, 'problem'],
  ] as const) {
    const date = new Date(Date.now() + seconds * 1000).toUTCString();
    const registry = await scriptedRegistry(t, [{ path: '/v2/', headers: { date } }]);
    await declare({ hello: `${registry.address}/acme/hello:1.0` });
    const { checks } = await doctor(options);
    const [clock] = about(checks, 'clock');
    assert.equal(clock?.state, state, clock?.message);
    assert.match(clock?.message ?? '', seconds > 0 ? /behind the registries/ : /ahead of the registries/);
  }
});

test('doctor: damaged receipts, missing files and plugins that today’s policy refuses are problems', async (t) => {
  const { options, ref, pinned, declare, cwd } = await lockedPlace(t);
  await gantry(['install', pinned, '--name', 'damaged'], options);
  // A name that is in almost every message by chance.
  await gantry(['install', `${ref}:1.0`, '--name', 'a'], options);
  await gantry(['install', pinned, '--name', 'good'], options);
  await writeFile(join(cwd, 'home', 'plugins', 'plugins', 'damaged.json'), '{');
  await declare({ good: pinned }, `  - scope: ${ref}\n    require: digest\n`);
  const { called, checks } = await doctor(options);
  assert.equal(called.code, 1);
  const [all, ...findings] = about(checks, 'plugins');
  assert.match(all?.message ?? '', /^1 of 3 are whole and would start/);
  assert.deepEqual(
    findings.map(({ state, message }) => [state, /^(damaged|a): .*\((\w+)\)$/.exec(message)?.slice(1)]),
    [
      ['problem', ['a', 'POLICY_UNPINNED']],
      ['problem', ['damaged', 'INSTALL_DAMAGED']],
    ],
  );
});

test('doctor: a file whose bytes changed under the same size is a problem', async (t) => {
  const { options, pinned } = await lockedPlace(t);
  const installed = await gantryJson<{ plugins: { entry: string }[] }>(['install', pinned], options);
  const entry = String(installed.plugins[0]?.entry);
  const before = await readFile(entry, 'utf8');
  await writeFile(entry, before.replace('echo', 'eval'));
  const { called, checks } = await doctor(options);
  const [all, finding] = about(checks, 'plugins');
  assert.match(all?.message ?? '', /^0 of 1 are whole and would start/);
  assert.match(finding?.message ?? '', /^hello \(.*is not what was installed \(INSTALL_DAMAGED\)$/);
  assert.equal(called.code, 1);
});

test('doctor: what lock, gantry.yaml and plugin root do not agree about is a warning; a damaged lock a problem', async (t) => {
  const { options, ref, declare, publish, lockFile, lockText } = await lockedPlace(t);
  const lockSays = async (): Promise<string[]> =>
    about((await doctor(options)).checks, 'lock').map(({ state, message }) => `${state} ${message}`);
  assert.match(String(await lockSays()), /^warning .*gantry\.lock is not there$/);
  await gantry(['install'], options);
  await declare({ hello: `${ref}:2.0`, more: `${ref}:1.0` });
  assert.deepEqual(
    (await lockSays()).map((line) => line.replaceAll(ref, 'REF')),
    ['warning hello is locked as REF:1.0, gantry.yaml has REF:2.0', 'warning more is not locked'],
  );
  await declare({ hello: `${ref}:1.0` });
  const text = (await lockText()) ?? '';
  await publish('hello', 'moved');
  await gantry(['update'], options);
  await writeFile(lockFile, text);
  assert.deepEqual(await lockSays(), ['warning hello is installed as another version than locked']);
  await gantry(['remove', 'hello'], options);
  assert.deepEqual(await lockSays(), ['warning hello is not installed']);
  await writeFile(lockFile, '{');
  assert.match(String(await lockSays()), /^problem .*\(CONFIG_LOCK_INVALID\)$/);
});

test('doctor: a store that others can write is a problem; damaged blobs that were put aside a warning', async (t) => {
  const { options, pinned, cwd } = await place(t);
  await gantry(['install', pinned], options);
  const store = join(cwd, 'home', 'store');
  await mkdir(join(store, 'v1', 'quarantine'), { recursive: true });
  await writeFile(join(store, 'v1', 'quarantine', 'x'), '');
  const [found] = about((await doctor(options)).checks, 'store');
  assert.match(`${found?.state} ${found?.message}`, /^warning .* 1 were damaged and put aside$/);
  await chmod(store, 0o777);
  const unsafe = await doctor(options);
  assert.equal(unsafe.called.code, 1);
  assert.match(about(unsafe.checks, 'store')[0]?.message ?? '', /STORE_UNSAFE/);
});

test('doctor: a store that cannot be written is a problem, also where it was not made yet', async (t) => {
  const { options, cwd, pinned } = await place(t);
  await writeFile(join(cwd, 'file'), '');
  for (const home of ['file', join('file', 'below')]) {
    const env = { ...options.env, GANTRY_HOME: join(cwd, home) };
    const { called, checks } = await doctor({ ...options, env });
    assert.equal(called.code, 1, home);
    assert.ok(states(checks, 'store').includes('problem'), JSON.stringify(about(checks, 'store')));
  }
  await gantry(['install', pinned], options);
  const store = join(cwd, 'home', 'store');
  const asked: string[] = [];
  const cannotWrite = async (path: string): Promise<boolean> => asked.push(path) === 0;
  const [blobs, space] = await checkStore(store, {}, cannotWrite);
  assert.deepEqual([blobs?.state, asked], ['ok', [store]]);
  assert.deepEqual(space, {
    ...{ check: 'store', state: 'problem', message: `${store} cannot be written: nothing new can be installed` },
    hint: 'set GANTRY_HOME to a directory that can be written',
  });
});

test('doctor: a configuration that cannot be read is a problem, and what does not depend on it is still looked at', async (t) => {
  const { options, cwd } = await place(t);
  await writeFile(join(cwd, 'gantry.yaml'), 'schemaVersion: 1\npluginz: []\n');
  const { called, checks } = await doctor(options);
  assert.equal(called.code, 1);
  assert.match(about(checks, 'configuration')[0]?.message ?? '', /pluginz.*\(CONFIG_INVALID\)$/);
  assert.deepEqual(states(checks, 'store'), ['ok', 'ok']);
});

test('E10: doctor does not read through a lock that is a link', async (t) => {
  const { options, lockFile, cwd } = await lockedPlace(t);
  await writeFile(join(cwd, '.bashrc'), 'mine');
  await symlink(join(cwd, '.bashrc'), lockFile);
  assert.match(about((await doctor(options)).checks, 'lock')[0]?.message ?? '', /is a link \(CONFIG_LOCK_INVALID\)$/);
  assert.equal(await readFile(join(cwd, '.bashrc'), 'utf8'), 'mine');
});
