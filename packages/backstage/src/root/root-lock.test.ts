import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { currentProcess, type FileSystem, randomName } from '@gantry/core';
import { type FakeClock, fakeClock, fakeEnvironment, tempDir } from '@gantry/testkit';
import type { DynamicRoot } from './open-root.ts';
import { factsOf, keptLog, openTestRoot, quick, readPlugins, stagePlugin } from './root.fixture.ts';

const LOCK = 'install-dynamic-plugins.lock';
const CHILD = fileURLToPath(new URL('./root-child.fixture.ts', import.meta.url));

/** A root whose time the test moves. */
async function place(t: TestContext) {
  const directory = await tempDir(t);
  const lock = join(directory, LOCK);
  const open = (clock: FakeClock = fakeClock(), fileSystem: FileSystem = quick) => {
    const log = keptLog();
    const environment = fakeEnvironment({ clock });
    const root = openTestRoot(directory, { log, environment, fileSystem, lockTimeoutMs: 600_000 });
    return { root, log, clock };
  };
  return { directory, lock, open };
}

/** Moves time in steps until `root` is locked; milliseconds that it took. */
async function waitFor(locking: Promise<void>, clock: FakeClock, step = 250): Promise<number> {
  let locked = false;
  const settled = locking.finally(() => {
    locked = true;
  });
  settled.catch(() => {});
  for (let turn = 0; turn < 20_000; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (locked) break;
    await clock.advance(step);
  }
  await settled;
  return clock.monotonic();
}

function ownRecord(owner: Partial<ReturnType<typeof currentProcess>>): { id: string; text: string } {
  const id = randomName();
  const startedAt = '2026-01-01T00:00:00.000Z';
  return { id, text: JSON.stringify({ schemaVersion: 1, id, owner: { ...currentProcess(), ...owner }, startedAt }) };
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('the lock file says whose it is, is released by its owner only, and beats', async (t) => {
  const { directory, lock, open } = await place(t);
  const { root } = open();
  await root.lock({ limits: { rootLockHeartbeat: 2 } });
  const { id, owner, startedAt } = JSON.parse(readFileSync(lock, 'utf8'));
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(owner, currentProcess());
  assert.equal(startedAt, '2026-01-01T00:00:00.000Z');
  const { size } = statSync(lock);
  while (statSync(lock).size < size + 3) await new Promise((resolve) => setTimeout(resolve, 2));
  await root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory), []);
});

test("Python's lock, which is empty, is respected for the time-out, then taken over and reported", async (t) => {
  const { lock, open } = await place(t);
  writeFileSync(lock, '');
  const { root, log, clock } = open();
  const waited = await waitFor(root.lock(), clock);
  assert.ok(waited >= 600_000 && waited < 601_000, String(waited));
  assert.deepEqual(log.lines, [
    `======= Waiting for lock release (file: ${lock})...`,
    `WARNING: Taking over lock file ${lock}: it was held for more than 600000 ms`,
    '======= Lock released.',
    `======= Created lock file: ${lock}`,
  ]);
  await root[Symbol.asyncDispose]();
});

test('a lock of an original that is released is not waited for any longer', async (t) => {
  const { lock, open } = await place(t);
  writeFileSync(lock, '');
  const { root, log, clock } = open();
  const locking = root.lock();
  await clock.whenPending();
  rmSync(lock);
  assert.ok((await waitFor(locking, clock)) < 1000);
  assert.equal(log.lines[1], '======= Lock released.');
  await root[Symbol.asyncDispose]();
});

test("TypeScript's lock, a pid, is taken over at once when that process is gone, not while it lives", async (t) => {
  const { lock, open } = await place(t);
  const pid = await deadPid();
  writeFileSync(lock, String(pid));
  const dead = open();
  assert.ok((await waitFor(dead.root.lock(), dead.clock)) < 1000);
  assert.equal(dead.log.lines[0], `WARNING: Taking over lock file ${lock}: process ${pid} is gone`);
  await dead.root[Symbol.asyncDispose]();
  writeFileSync(lock, `${process.pid}\n`);
  const alive = open();
  assert.ok((await waitFor(alive.root.lock(), alive.clock)) >= 600_000);
  await alive.root[Symbol.asyncDispose]();
});

test('a dead pid in a lock older than this pid namespace means another process, and is respected', {
  skip: process.platform === 'linux' ? false : 'there are no pid namespaces',
}, async (t) => {
  const { lock, open } = await place(t);
  writeFileSync(lock, String(await deadPid()));
  utimesSync(lock, 1, 1);
  const { root, clock } = open();
  assert.ok((await waitFor(root.lock(), clock)) >= 600_000);
  await root[Symbol.asyncDispose]();
});

for (const [what, content] of Object.entries({
  'half a record': '{"schemaVersion":1,',
  'a newer record': '{"schemaVersion":2}',
  'another program': 'hello',
})) {
  test(`a lock with the content of ${what} is treated as that of an original`, async (t) => {
    const { lock, open } = await place(t);
    writeFileSync(lock, content);
    const { root, clock } = open();
    assert.ok((await waitFor(root.lock(), clock)) >= 600_000);
    await root[Symbol.asyncDispose]();
  });
}

test('rootLockBytes holds at n and n+1: a larger lock is not one of ours', async (t) => {
  const { lock, open } = await place(t);
  // White space behind the record changes nothing of it.
  const text = ownRecord({ boot: 'another' }).text.padEnd(4000);
  for (const [limit, least] of [
    [text.length, 0],
    [text.length - 1, 600_000],
  ] as const) {
    writeFileSync(lock, text);
    const { root, clock } = open();
    const waited = await waitFor(root.lock({ limits: { rootLockBytes: limit } }), clock);
    assert.ok(waited >= least && waited < least + 1000, `${limit}: ${waited}`);
    await root[Symbol.asyncDispose]();
  }
});

test('a lock of ours is taken over at once when its process is certainly gone', async (t) => {
  const { lock, open } = await place(t);
  const { pid: _, ...rest } = currentProcess();
  const gone = [{ ...rest, pid: await deadPid() }, { start: '1' }, { boot: 'before' }, {}];
  for (const owner of gone) {
    writeFileSync(lock, ownRecord(owner).text);
    const { root, clock, log } = open();
    assert.ok((await waitFor(root.lock(), clock)) < 1000, JSON.stringify(owner));
    assert.match(log.lines[0] ?? '', /^WARNING: Taking over lock file/);
    await root[Symbol.asyncDispose]();
  }
});

test('a holder on another host loses the lock after ten seconds without a beat, and not before', async (t) => {
  const { directory, lock, open } = await place(t);
  const { id, text } = ownRecord({ host: 'another/pid:[1]' });
  const mark = join(directory, `.gantry-${id}.owner`);
  for (const path of [lock, mark]) writeFileSync(path, text);
  const { root, clock, log } = open();
  const locking = root.lock();
  for (let beat = 1; beat <= 5; beat += 1) {
    for (let step = 0; step < 9; step += 1) await clock.advance(1000);
    for (const path of [lock, mark]) writeFileSync(path, text + '\n'.repeat(beat));
    await clock.advance(1000);
  }
  const last = clock.monotonic();
  assert.equal(existsSync(mark), true);
  const waited = (await waitFor(locking, clock)) - last;
  assert.ok(waited >= 9000 && waited <= 11_000, String(waited));
  assert.equal(existsSync(mark), false);
  assert.match(log.lines.join(), /Taking over .*: its owner showed no sign of life for 10000 ms/);
  await root[Symbol.asyncDispose]();
});

test('a holder that lives for longer than the time-out is INSTALL_LOCKED, and keeps its lock', async (t) => {
  const { lock, open } = await place(t);
  const holder = open();
  await holder.root.lock({ limits: { rootLockHeartbeat: 1 } });
  const content = readFileSync(lock, 'utf8').split('\n')[0];
  const { root, clock } = open();
  const locking = root.lock({ limits: { rootLockStale: 2 ** 40 } });
  await assert.rejects(waitFor(locking, clock, 60_000), {
    code: 'INSTALL_LOCKED',
    message: `Timed out after 600000ms waiting for lock file ${lock}: another installer holds it and lives`,
  });
  assert.equal(readFileSync(lock, 'utf8').split('\n')[0], content);
  await holder.root[Symbol.asyncDispose]();
});

test('waiting ends with the signal, and leaves the lock of the holder alone', async (t) => {
  const { directory, lock, open } = await place(t);
  writeFileSync(lock, '');
  const { root, clock } = open();
  const stop = new AbortController();
  const locking = root.lock({ signal: stop.signal });
  await clock.whenPending();
  stop.abort();
  await assert.rejects(locking, { name: 'AbortError' });
  await root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory), [LOCK]);
});

test('deleting the lock file lets no other installer of ours in, and the holder makes it again', async (t) => {
  const { directory, lock, open } = await place(t);
  const first = open();
  await first.root.lock();
  const second = open();
  rmSync(lock);
  const locking = second.root.lock();
  let locked = false;
  locking.then(() => {
    locked = true;
  });
  await second.clock.whenPending();
  for (let step = 0; step < 20; step += 1) await second.clock.advance(250);
  assert.equal(locked, false);
  await first.root.publish(stagePlugin(first.root, 'one', '1'), factsOf('1'));
  assert.match(first.log.lines.join('\n'), /WARNING: Lock file .* was deleted while it was held; created it again/);
  writeFileSync(join(directory, 'dynamic-plugins.lock'), '');
  rmSync(join(directory, 'dynamic-plugins.lock'));
  await first.root[Symbol.asyncDispose]();
  await waitFor(locking, second.clock);
  assert.equal(second.root.installed().length, 1);
  await second.root[Symbol.asyncDispose]();
});

test('a holder whose lock file was deleted and taken by an original stops', async (t) => {
  const { lock, open } = await place(t);
  const { root } = open();
  await root.lock();
  const staged = stagePlugin(root, 'one', '1');
  rmSync(lock);
  writeFileSync(lock, '');
  await assert.rejects(root.publish(staged, factsOf('1')), { code: 'INSTALL_LOCK_LOST' });
  await root[Symbol.asyncDispose]();
  assert.equal(readFileSync(lock, 'utf8'), '', 'the lock of the original stays');
});

test('a holder that was deposed renames nothing any more, whatever it wanted to do', async (t) => {
  const { directory, open } = await place(t);
  const late = open();
  await late.root.lock({ limits: { rootLockHeartbeat: 2 ** 30 } });
  const staged = stagePlugin(late.root, 'one', 'late');
  const next = open();
  await waitFor(next.root.lock(), next.clock);
  await next.root.publish(stagePlugin(next.root, 'one', 'next'), factsOf('next'));
  const attempts: readonly ((root: DynamicRoot) => Promise<unknown>)[] = [
    (root) => root.publish(staged, factsOf('late')),
    (root) => root.remove('one'),
    (root) => root.restate('one', factsOf('late')),
    (root) => root.writeFile('app-config.dynamic-plugins.yaml', 'late'),
  ];
  for (const attempt of attempts) {
    await assert.rejects(attempt(late.root), { code: 'INSTALL_LOCK_LOST' });
  }
  await late.root[Symbol.asyncDispose]();
  assert.deepEqual([...readPlugins(directory)], [['one', 'next']]);
  assert.equal(existsSync(join(directory, LOCK)), true);
  await next.root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory), ['one']);
});

test('a file system without hard links has locks too', async (t) => {
  const { directory, lock, open } = await place(t);
  const link = (): never => {
    throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
  };
  const first = open(fakeClock(), { ...quick, link });
  await first.root.lock({ limits: { rootLockHeartbeat: 1 } });
  const before = statSync(lock).mtimeMs;
  while (statSync(lock).mtimeMs === before) await new Promise((resolve) => setTimeout(resolve, 2));
  rmSync(lock);
  await first.root.publish(stagePlugin(first.root, 'one', '1'), factsOf('1'));
  assert.ok(existsSync(lock));
  await first.root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory), ['one']);
});

test('the staging of a frozen process is swept only after its lock was taken over, and what it had begun is finished', {
  skip: process.platform === 'win32' ? 'there is no SIGSTOP' : false,
}, async (t) => {
  const { directory, open } = await place(t);
  const child = spawn(process.execPath, [CHILD, 'hold', directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  for await (const chunk of child.stdout) if (String(chunk).includes('holding')) break;
  child.kill('SIGSTOP');
  const { id } = JSON.parse(readFileSync(join(directory, LOCK), 'utf8'));
  mkdirSync(join(directory, `.gantry-${id}/work`), { recursive: true });
  const { root, clock } = open();
  const waited = await waitFor(root.lock(), clock);
  assert.ok(waited >= 9000 && waited <= 12_000, String(waited));
  assert.equal(existsSync(join(directory, `.gantry-${id}`)), false);
  await root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory), []);
});
