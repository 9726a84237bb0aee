import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf, isGantryError } from '@gantry/oci';
import { faultyFileSystem, sigstoreLab } from '@gantry/testkit';
import { systemFileSystem } from '../../files/file-system.ts';
import { PUBLIC_GOOD_MIRROR } from './trust-root.ts';
import { DAY, HOUR, type TufWorld, tufWorld } from './trust-roots.fixture.ts';

const REFUSED = { code: 'SIGNATURE_TRUST_ROOT' };

const rootOf = (lab: TufWorld['lab']): string => JSON.stringify(lab.trustedRoot);
const digestOfRoot = (lab: TufWorld['lab']): string => digestOf(Buffer.from(rootOf(lab)));
const stateFile = ({ directory }: TufWorld): string => join(directory, readdirSync(directory)[0] ?? '');

test('the trust root of a TUF repository is fetched once and kept', async (t) => {
  const world = await tufWorld(t);
  const loaded = await world.start().load(world.source, world.op);
  assert.equal(loaded?.digest, digestOfRoot(world.lab));
  assert.equal(loaded?.name, world.repository.url);
  assert.equal(loaded?.stale, false);
  assert.equal(loaded?.root.tlogs.length, 2);
  assert.deepEqual(
    world.repository.requests.map((path) => path.replace(/[0-9a-f]{64}/, 'HASH')),
    ['/2.root.json', '/timestamp.json', '/1.snapshot.json', '/1.targets.json', '/targets/HASH.trusted_root.json'],
  );
  const asked = world.repository.requests.length;
  const later = world.start();
  assert.equal((await later.load(world.source, world.op))?.digest, loaded?.digest);
  assert.equal((await later.atHand(world.source))?.digest, loaded?.digest);
  assert.equal(await later.digestAtHand(world.source), loaded?.digest);
  assert.equal(world.repository.requests.length, asked, 'a young state needs no request');
});

test('it is looked for anew after trustRootRefresh, with two requests when nothing changed', async (t) => {
  const world = await tufWorld(t);
  await world.start().load(world.source, world.op);
  const asked = world.repository.requests.length;
  world.clock = 24 * HOUR - 60_000;
  await world.start().load(world.source, world.op);
  assert.equal(world.repository.requests.length, asked);
  world.clock = 24 * HOUR + 1;
  await world.start().load(world.source, world.op);
  assert.deepEqual(world.repository.requests.slice(asked), ['/2.root.json', '/timestamp.json']);
  const limits = { ...world.op.limits, trustRootRefresh: 1000 };
  world.clock += 999 - 60_000;
  await world.start().load(world.source, { limits });
  assert.equal(world.repository.requests.length, asked + 2);
});

test('a new trust root and rotated keys are followed, and update tells versions', async (t) => {
  const world = await tufWorld(t);
  const roots = world.start();
  assert.equal(await roots.facts(world.source), undefined);
  const first = await roots.update(world.source, world.op);
  assert.equal(first?.before, undefined);
  assert.deepEqual(first?.after.versions, { root: 1, timestamp: 1, snapshot: 1, targets: 1 });
  const next = sigstoreLab();
  world.repository.rotateRoot({ targets: { 'trusted_root.json': rootOf(next) } });
  const second = await roots.update(world.source, world.op);
  assert.deepEqual(second?.before, first?.after);
  assert.deepEqual(second?.after.versions, { root: 2, timestamp: 2, snapshot: 2, targets: 2 });
  assert.equal(second?.after.digest, digestOfRoot(next));
  assert.deepEqual(await world.start().facts(world.source), second?.after);
  assert.equal((await roots.load(world.source, world.op))?.digest, digestOfRoot(next));
});

test('C9: older metadata than was accepted before is refused, also after a restart', async (t) => {
  const world = await tufWorld(t);
  const old = world.repository.state();
  await world.start().update(world.source, world.op);
  const newer = sigstoreLab();
  world.repository.publish({ targets: { 'trusted_root.json': rootOf(newer) } });
  await world.start().update(world.source, world.op);
  world.repository.restore(old);
  await assert.rejects(world.start().update(world.source, world.op), REFUSED);
  world.clock = 25 * HOUR;
  const loaded = await world.start().load(world.source, world.op);
  assert.equal(loaded?.digest, digestOfRoot(newer));
  assert.match(world.warnings.join(), /not renewed: .*version/);
});

test('C9: rolled back snapshots and targets are refused', async (t) => {
  for (const role of ['snapshot', 'targets'] as const) {
    const world = await tufWorld(t);
    world.repository.publish();
    world.repository.publish();
    const { digest } = (await world.start().load(world.source, world.op)) ?? {};
    world.repository.publish({ targets: { 'trusted_root.json': rootOf(sigstoreLab()) }, versions: { [role]: 1 } });
    await assert.rejects(world.start().update(world.source, world.op), REFUSED, role);
    assert.equal(await world.start().digestAtHand(world.source), digest, role);
  }
});

test('C9: a newer root is kept even when the rest of the update fails', async (t) => {
  const world = await tufWorld(t);
  await world.start().update(world.source, world.op);
  const before = world.repository.state();
  world.repository.rotateRoot();
  world.repository.answer((path) => (path === '/timestamp.json' ? { status: 503, body: '' } : undefined));
  await assert.rejects(world.start().update(world.source, world.op), REFUSED);
  assert.equal((await world.start().facts(world.source))?.versions.root, 2);
  // What the withdrawn keys signed does not count any more.
  world.repository.answer(undefined);
  world.repository.restore(before);
  await assert.rejects(world.start().update(world.source, world.op), REFUSED);
});

test('C9: a version far ahead, signed with a stolen key, binds nobody once a new root has withdrawn the key', async (t) => {
  const world = await tufWorld(t);
  world.repository.publish({ versions: { timestamp: 1_000_000, snapshot: 1_000_000 } });
  assert.equal((await world.start().update(world.source, world.op))?.after.versions.timestamp, 1_000_000);
  const next = sigstoreLab();
  world.repository.rotateRoot({
    targets: { 'trusted_root.json': rootOf(next) },
    versions: { timestamp: 2, snapshot: 2 },
  });
  const { after } = (await world.start().update(world.source, world.op)) ?? {};
  assert.deepEqual(after?.versions, { root: 2, timestamp: 2, snapshot: 2, targets: 3 });
  assert.equal((await world.start().load(world.source, world.op))?.digest, digestOfRoot(next));
});

test('forged, expired and malformed metadata is never accepted', async (t) => {
  const answers = (path: string, body: string) => (asked: string) =>
    asked === path ? { status: 200, body } : undefined;
  const cases: Readonly<Record<string, (world: TufWorld) => void>> = {
    'a forged timestamp': ({ repository }) => repository.publish({ forged: ['timestamp'] }),
    'a forged snapshot': ({ repository }) => repository.publish({ forged: ['snapshot'] }),
    'forged targets': ({ repository }) => repository.publish({ forged: ['targets'] }),
    'a forged root': ({ repository }) => repository.rotateRoot({ forged: ['root'] }),
    'an expired timestamp': ({ repository }) => repository.publish({ expires: { timestamp: Date.now() - 1000 } }),
    'expired targets': ({ repository }) => repository.publish({ expires: { targets: Date.now() - 1000 } }),
    'no JSON': ({ repository }) => repository.answer(answers('/timestamp.json', '<html>')),
    'no metadata': ({ repository }) => repository.answer(answers('/timestamp.json', '{}')),
    'null for a root': ({ repository }) => repository.answer(answers('/2.root.json', 'null')),
    'no trust root among the targets': ({ repository }) => repository.publish({ targets: { other: 'x' } }),
    'a target that is no trust root': ({ repository }) =>
      repository.publish({ targets: { 'trusted_root.json': '{}' } }),
    'another target than was signed': ({ repository }) =>
      repository.answer((path) =>
        path.startsWith('/targets/') ? { status: 200, body: rootOf(sigstoreLab()) } : undefined,
      ),
  };
  for (const [what, change] of Object.entries(cases)) {
    const fresh = await tufWorld(t);
    change(fresh);
    await assert.rejects(fresh.start().load(fresh.source, fresh.op), REFUSED, `first: ${what}`);
    assert.equal(existsSync(fresh.directory), false, what);
    if (what.startsWith('another')) continue;
    const world = await tufWorld(t);
    await world.start().load(world.source, world.op);
    change(world);
    await assert.rejects(world.start().update(world.source, world.op), REFUSED, `later: ${what}`);
    assert.equal(await world.start().digestAtHand(world.source), digestOfRoot(world.lab), what);
  }
});

test('C10: a name in metadata names no file', async (t) => {
  const world = await tufWorld(t);
  const targets = { 'trusted_root.json': rootOf(world.lab), '../../escaped': 'x', '..%2fescaped': 'x', '/etc/x': 'x' };
  world.repository.publish({ targets });
  await world.start().load(world.source, world.op);
  assert.equal(readdirSync(world.directory).length, 1);
  assert.match(readdirSync(world.directory)[0] ?? '', /^[0-9a-f]{64}\.json$/);
  assert.equal(
    world.repository.requests.some((path) => path.includes('escaped')),
    false,
  );
});

test('C12: what cannot be renewed serves until it expires, marked stale in its grace, and then no new verdict', async (t) => {
  const world = await tufWorld(t);
  const { expires } = (await world.start().update(world.source, world.op))?.after ?? { expires: 0 };
  await world.repository.close();
  const at = (time: number): void => {
    world.clock = time - Date.now();
  };
  const grace = 72 * HOUR;
  at(expires - 60_000);
  const fresh = await world.start().load(world.source, world.op);
  assert.deepEqual([fresh?.stale, fresh?.goodUntil], [false, expires + grace]);
  assert.match(world.warnings.join(), /not renewed/);
  at(expires + 60_000);
  assert.equal((await world.start().load(world.source, world.op))?.stale, true);
  at(expires + grace - 60_000);
  assert.equal((await world.start().load(world.source, world.op))?.stale, true);
  at(expires + grace + 60_000);
  await assert.rejects(world.start().load(world.source, world.op), { ...REFUSED, message: /expired at/ });
  await assert.rejects(world.start({ offline: true }).load(world.source, world.op), REFUSED);
  // What is installed keeps starting.
  assert.equal((await world.start().atHand(world.source))?.stale, true);
  const limits = { ...world.op.limits, trustRootGrace: grace + 2 * 60_000 };
  assert.equal((await world.start().load(world.source, { limits }))?.stale, true);
});

test('C12: offline, nobody is asked', async (t) => {
  const world = await tufWorld(t);
  const offline = () => world.start({ offline: true });
  await assert.rejects(offline().load(world.source, world.op), { ...REFUSED, message: /offline/ });
  assert.equal(await offline().atHand(world.source), undefined);
  assert.equal(await offline().digestAtHand(world.source), undefined);
  await assert.rejects(offline().update(world.source, world.op), REFUSED);
  assert.deepEqual(world.dialled, []);
  await world.start().load(world.source, world.op);
  const { length } = world.dialled;
  world.clock = 6 * DAY;
  assert.equal((await offline().load(world.source, world.op))?.stale, false);
  assert.equal(world.dialled.length, length);
});

test('C12: a damaged state is told and fetched anew, and nothing of it is accepted', async (t) => {
  const world = await tufWorld(t);
  await world.start().load(world.source, world.op);
  const good = readFileSync(stateFile(world), 'utf8');
  const changed = JSON.parse(good) as { trustedRoot: string; checked: number };
  const other = Buffer.from(rootOf(sigstoreLab())).toString('base64');
  const damages: Record<string, string> = {
    nothing: '',
    garbage: '\0\xff',
    null: 'null',
    'another version': good.replace('"schemaVersion":1', '"schemaVersion":2'),
    'another trust root': JSON.stringify({ ...changed, trustedRoot: other }),
    'a later check': JSON.stringify({ ...changed, checked: changed.checked + DAY }),
    'a missing field': JSON.stringify({ ...changed, metadata: {} }),
    'too many bytes': `${good}${' '.repeat(9 * 1024 * 1024)}`,
  };
  for (let cut = 1; cut < good.length; cut += 997) damages[`cut at ${cut}`] = good.slice(0, cut);
  for (const [what, text] of Object.entries(damages)) {
    writeFileSync(stateFile(world), text);
    const told = world.warnings.length;
    await assert.rejects(world.start({ offline: true }).load(world.source, world.op), REFUSED, what);
    assert.equal(await world.start().atHand(world.source, world.op), undefined, what);
    assert.equal((await world.start().load(world.source, world.op))?.digest, digestOfRoot(world.lab), what);
    assert.ok(
      world.warnings.slice(told).some((message) => message.includes('of no use')),
      what,
    );
    assert.equal(await world.start({ offline: true }).digestAtHand(world.source), digestOfRoot(world.lab), what);
  }
});

test('C12: a state that cannot be written or read stops nothing', async (t) => {
  for (const code of ['ENOSPC', 'EACCES', 'EROFS', 'EIO']) {
    const world = await tufWorld(t);
    const unwritable = faultyFileSystem(systemFileSystem, {
      calls: ['mkdir', 'write', 'rename'],
      failAt: 1,
      sticky: true,
      code,
    });
    const roots = world.start({ fileSystem: unwritable });
    assert.equal((await roots.load(world.source, world.op))?.digest, digestOfRoot(world.lab), code);
    assert.match(world.warnings.join(), new RegExp(`cannot be kept: ${code}`));
    const asked = world.repository.requests.length;
    await roots.load(world.source, world.op);
    assert.equal(world.repository.requests.length, asked, 'this process remembers it');
    assert.equal(await roots.digestAtHand(world.source), digestOfRoot(world.lab));
  }
  const world = await tufWorld(t);
  await world.start().load(world.source, world.op);
  const state = stateFile(world);
  const unreadable = faultyFileSystem(systemFileSystem, { calls: ['lstat'], failAt: 1, sticky: true, code: 'EACCES' });
  assert.equal((await world.start({ fileSystem: unreadable }).load(world.source, world.op))?.stale, false);
  assert.match(world.warnings.join(), /of no use and is fetched anew: EACCES/);
  // A directory in its place.
  systemFileSystem.unlink(state);
  mkdirSync(state);
  assert.equal((await world.start().load(world.source, world.op))?.digest, digestOfRoot(world.lab));
});

test('C12: without a place for temporary files nothing is renewed, and what is kept serves', async (t) => {
  const world = await tufWorld(t);
  const temporary = process.env['TMPDIR'];
  t.after(() => {
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
  });
  process.env['TMPDIR'] = join(world.directory, 'nowhere');
  await assert.rejects(world.start().load(world.source, world.op), { ...REFUSED, message: /no directory can be made/ });
  delete process.env['TMPDIR'];
  await world.start().load(world.source, world.op);
  process.env['TMPDIR'] = join(world.directory, 'nowhere');
  world.clock = 25 * HOUR;
  assert.equal((await world.start().load(world.source, world.op))?.stale, false);
  assert.match(world.warnings.join(), /not renewed: .*no directory can be made/);
});

test('a kill while the state is written leaves the old one or the new one', async (t) => {
  const world = await tufWorld(t);
  await world.start().update(world.source, world.op);
  world.repository.publish();
  const calls = faultyFileSystem(systemFileSystem);
  await world.start({ fileSystem: calls }).update(world.source, world.op);
  const total = calls.calls.length;
  for (let k = 1; k <= total; k++) {
    world.repository.publish();
    const failing = faultyFileSystem(systemFileSystem, { failAt: k, sticky: true, code: 'EIO' });
    await world
      .start({ fileSystem: failing })
      .update(world.source, world.op)
      .catch(() => undefined);
    assert.equal(await world.start({ offline: true }).digestAtHand(world.source), digestOfRoot(world.lab), `call ${k}`);
  }
  assert.equal(readdirSync(world.directory).filter((name) => !name.startsWith('.')).length, 1);
});

test('C11: a host clock in 1970 or 2038 accepts nothing that had expired', async (t) => {
  const world = await tufWorld(t);
  const { expires } = (await world.start().update(world.source, world.op))?.after ?? { expires: 0 };
  world.clock = -Date.now();
  const asked = world.repository.requests.length;
  assert.equal((await world.start().load(world.source, world.op))?.stale, false);
  assert.ok(world.repository.requests.length > asked, 'a state from the future is confirmed');
  await world.repository.close();
  world.clock = Date.UTC(2038, 0, 19) - Date.now();
  await assert.rejects(world.start().load(world.source, world.op), REFUSED);
  assert.ok(expires < Date.UTC(2038, 0, 19));
});

test('C11: a clock that was set back does not bring back an expired state', async (t) => {
  const world = await tufWorld(t);
  world.repository.publish({ expires: { timestamp: Date.now() + DAY } });
  world.clock = 10 * DAY;
  // tuf-js has the real clock; ours says that this was checked ten days from now, when it had long expired.
  await world.start().update(world.source, world.op);
  await world.repository.close();
  world.clock = 0;
  await assert.rejects(world.start().load(world.source, world.op), { ...REFUSED, message: /expired/ });
});

test('trustRootBytes holds at n and n+1', async (t) => {
  const world = await tufWorld(t);
  const size = rootOf(world.lab).length;
  const limits = (trustRootBytes: number) => ({ limits: { ...world.op.limits, trustRootBytes } });
  await assert.rejects(world.start().load(world.source, limits(size - 1)), { ...REFUSED, message: /more than/ });
  assert.equal((await world.start().load(world.source, limits(size)))?.digest, digestOfRoot(world.lab));
});

test('an initial root that is missing or no root is told', async (t) => {
  const world = await tufWorld(t);
  const root = join(world.directory, '..', 'other.json');
  const source = { type: 'tuf', mirror: world.repository.url, root } as const;
  await assert.rejects(world.start().load(source, world.op), { code: 'CONFIG_PATH_UNREADABLE' });
  for (const text of [
    '',
    '{}',
    'null',
    '[]',
    world.repository.initialRoot.toString().replace('"version":1', '"version":9'),
  ]) {
    writeFileSync(root, text);
    await assert.rejects(world.start().load(source, world.op), REFUSED, text.slice(0, 20));
  }
});

test('another initial root under the same URL is another repository', async (t) => {
  const world = await tufWorld(t);
  await world.start().load(world.source, world.op);
  const root = join(world.directory, '..', 'other.json');
  writeFileSync(root, JSON.stringify(JSON.parse(world.repository.initialRoot.toString())));
  writeFileSync(root, `${readFileSync(root, 'utf8')}\n`);
  assert.equal(await world.start().digestAtHand({ type: 'tuf', mirror: world.repository.url, root }), undefined);
});

test('plain HTTP is for loopback, and the public instance needs no file', async (t) => {
  const world = await tufWorld(t);
  const root = world.source.type === 'tuf' ? world.source.root : '';
  for (const mirror of ['http://tuf.test', 'http://192.0.2.1:8080']) {
    await assert.rejects(world.start().load({ type: 'tuf', mirror, root }, world.op), (error: unknown) => {
      assert.ok(isGantryError(error) && error.code === 'SIGNATURE_TRUST_ROOT');
      assert.ok(isGantryError(error.cause) && error.cause.code === 'REGISTRY_REDIRECT_REFUSED');
      return true;
    });
  }
  await assert.rejects(world.start().load({ type: 'public' }, world.op), { message: new RegExp(PUBLIC_GOOD_MIRROR) });
  assert.deepEqual(world.dialled, []);
});

test('cancellation stays an AbortError', async (t) => {
  const world = await tufWorld(t);
  const controller = new AbortController();
  world.repository.answer((path) => {
    if (path === '/1.snapshot.json') controller.abort();
    return undefined;
  });
  await assert.rejects(world.start().load(world.source, { signal: controller.signal }), { name: 'AbortError' });
});
