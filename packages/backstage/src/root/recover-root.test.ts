import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemFileSystem } from '@gantry/core';
import { isGantryError } from '@gantry/oci';
import {
  type FileCall,
  type FileFault,
  faultyFileSystem,
  forgetfulFileSystem,
  runUntilKilled,
  tempDir,
} from '@gantry/testkit';
import {
  factsOf,
  keptLog,
  openTestRoot,
  quick,
  readPlugins,
  runInstaller,
  stagePlugin,
  writePlugin,
} from './root.fixture.ts';

/** What a disk refuses: looking at what is there is not among it. */
const CALLS: readonly FileCall[] = [
  'open',
  'write',
  'sync',
  'syncVolume',
  'list',
  'mkdir',
  'rename',
  'link',
  'chmod',
  'unlink',
  'removeTree',
];
const CHILD = new URL('./root-child.fixture.ts', import.meta.url);
const DEAD = `.gantry-${'d'.repeat(32)}`;
const NOTHING_ELSE = ['app-config.dynamic-plugins.yaml', 'kept', 'new'];

async function place(t: TestContext) {
  const home = await tempDir(t);
  const directory = join(home, 'root');
  /** Two plugins, one of which is to be replaced and one to be removed; and what a killed original left. */
  const template = join(home, 'template');
  const root = openTestRoot(template);
  await runInstaller(root, { kept: '1', obsolete: '1' });
  await root[Symbol.asyncDispose]();
  writePlugin(join(template, 'half'), '1');
  writeFileSync(join(template, 'half/dynamic-plugin-image.hash'), 'x');
  const prepare = (): void => {
    rmSync(directory, { recursive: true, force: true });
    cpSync(template, directory, { recursive: true });
  };
  /** The change that is interrupted: `kept` becomes version 2, `new` comes, `obsolete` goes. */
  const change = async (fileSystem = quick): Promise<void> => {
    const root = openTestRoot(directory, { fileSystem, lockTimeoutMs: 2000 });
    try {
      await runInstaller(root, { kept: '2', new: '2' });
    } finally {
      await root[Symbol.asyncDispose]();
    }
  };
  const finished = (): void => {
    assert.deepEqual(Object.fromEntries(readPlugins(directory)), { kept: '2', new: '2' });
    assert.deepEqual(readdirSync(directory).sort(), NOTHING_ELSE);
  };
  /** Whole plugins of either version. The directory of an original may still be there, until it is quarantined. */
  const consistent = (where: string): void => {
    rmSync(join(directory, 'half'), { recursive: true, force: true });
    const seen = readPlugins(directory);
    for (const [name, version] of seen) {
      const allowed = { kept: ['1', '2'], obsolete: ['1'], new: ['2'] }[name];
      assert.ok(allowed?.includes(version), `${where}: ${name} is of version ${version}`);
    }
  };
  return { home, directory, prepare, change, finished, consistent };
}

test('E1: a run killed at any named point leaves whole plugins, and the next one heals', async (t) => {
  const { directory, prepare, change, finished, consistent } = await place(t);
  prepare();
  const watched = faultyFileSystem(quick);
  await change(watched);
  finished();
  const reached = new Map<string, number>();
  for (const point of watched.points) reached.set(point, (reached.get(point) ?? 0) + 1);
  for (const point of ['root.old-aside', 'root.plugin-live', 'root.removed-aside', 'root.quarantined', 'root.marked']) {
    assert.ok(reached.has(point), point);
  }
  for (const [point, count] of reached) {
    // Every plugin takes the same way, so the first and the last time are enough, and for most points the last.
    for (const nth of new Set(point.startsWith('root.plugin') ? [1, count] : [count])) {
      prepare();
      const end = await runUntilKilled(CHILD, { point, nth, args: ['install', directory, '2', 'kept', 'new'] });
      assert.equal(end.signal, 'SIGKILL', `${point}#${nth}: ${end.stderr}`);
      consistent(`${point}#${nth}`);
      await change();
      finished();
    }
  }
});

test('E1: a run killed while it finishes what another left is finished by the next', async (t) => {
  const { directory, prepare, change, finished, consistent } = await place(t);
  /** As a run leaves it that was killed between the two renames, its successor between sweeping and finishing. */
  const interrupt = (): void => {
    prepare();
    const ready = join(directory, DEAD, 'ready/kept');
    const old = join(directory, DEAD, 'old/kept');
    writePlugin(ready, '2');
    writeFileSync(join(ready, 'dynamic-plugin-config.hash'), 'hash-of-2');
    mkdirSync(join(old, '..'), { recursive: true });
    renameSync(join(directory, 'kept'), old);
  };
  for (const point of ['root.fenced', 'root.finished', 'root.swept']) {
    interrupt();
    const end = await runUntilKilled(CHILD, { point, args: ['install', directory, '2', 'kept', 'new'] });
    assert.equal(end.signal, 'SIGKILL', `${point}: ${end.stderr}`);
    consistent(point);
    const root = openTestRoot(directory);
    await root.lock();
    assert.equal(readPlugins(directory).get('kept'), '2', point);
    await root[Symbol.asyncDispose]();
    await change();
    finished();
  }
});

test('E2: a file system that fails at any call is a typed error or changes nothing, and the next run heals', async (t) => {
  const { directory, prepare, change, finished, consistent } = await place(t);
  const run = async (fault: FileFault) => {
    prepare();
    const fileSystem = faultyFileSystem(quick, { ...fault, calls: CALLS });
    const error = await change(fileSystem).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    return { fileSystem, error };
  };
  const { fileSystem: watched } = await run({});
  for (let k = 1; k <= watched.calls.length; k += 1) {
    // What stays broken makes cleaning up fail as well: a sample, since most of it is the same.
    for (const sticky of k % 9 === 0 ? [false, true] : [false]) {
      const { fileSystem, error } = await run({ failAt: k, sticky });
      const call = `${fileSystem.calls[k - 1]} at ${k}${sticky ? ' and after' : ''}`;
      if (error !== undefined) {
        assert.ok(isGantryError(error), `${call}: ${String(error)}`);
        assert.match(error.code, /^INSTALL_(?:IO|LOCK_LOST)$/, call);
      }
      consistent(call);
      await change();
      finished();
    }
  }
  assert.ok(readdirSync(directory).length > 0);
});

test('E1: after a loss of power there are whole plugins, and what was reported as done is there', async (t) => {
  const { home, directory, prepare, change, consistent, finished } = await place(t);
  prepare();
  const attic = join(home, 'attic');
  mkdirSync(attic);
  const disk = forgetfulFileSystem({ ...systemFileSystem, syncVolume: async () => false }, attic);
  await change(disk);
  disk.losePower();
  consistent('after the loss of power');
  assert.equal(readPlugins(directory).get('kept'), '2');
  await change();
  finished();
});

test('what an installer left unfinished is taken away and reported; what could be anybody’s stays', async (t) => {
  const directory = await tempDir(t);
  for (const name of ['image-hash', 'state', 'somebodys', 'lost+found', '.catalog-index-temp'])
    writePlugin(join(directory, name), '1');
  writeFileSync(join(directory, 'image-hash/dynamic-plugin-image.hash'), 'x');
  writeFileSync(join(directory, 'state/.gantry.json'), '{}');
  writeFileSync(join(directory, '.gantry-mine'), 'not a name of ours');
  const log = keptLog();
  const root = openTestRoot(directory, { log });
  await root.lock();
  await root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory).sort(), ['.gantry-mine', 'lost+found', 'somebodys']);
  const reported = log.lines.filter((line) => line.startsWith('WARNING: Directory '));
  assert.deepEqual(
    reported.map((line) => line.split(' ')[2]),
    ['.catalog-index-temp', 'image-hash', 'state'],
  );
});

test('D4: links in the place of what a killed run left are removed, and nothing is moved from where they lead', async (t) => {
  const home = await tempDir(t);
  const directory = join(home, 'root');
  for (const place of ['ready', 'old', 'swept/x/ready']) writePlugin(join(home, 'outside', place, 'evil'), '1');
  mkdirSync(join(directory, `.gantry-${'b'.repeat(32)}`), { recursive: true });
  symlinkSync(join(home, 'outside'), join(directory, `.gantry-${'a'.repeat(32)}`));
  for (const part of ['ready', 'old', 'swept']) {
    symlinkSync(join(home, 'outside', part), join(directory, `.gantry-${'b'.repeat(32)}`, part));
  }
  const root = openTestRoot(directory);
  await root.lock();
  await root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory), []);
  for (const place of ['ready', 'old', 'swept/x/ready']) {
    assert.deepEqual(readdirSync(join(home, 'outside', place)), ['evil'], place);
  }
});

test('pluginSwapAttempts holds at n and n+1: a rival that is always faster', async (t) => {
  for (const rivals of [3, 4]) {
    const directory = join(await tempDir(t), 'root');
    let left = 0;
    const fileSystem = {
      ...quick,
      rename: (from: string, to: string): void => {
        if (from.includes('/ready/') && left > 0) {
          left -= 1;
          writePlugin(join(directory, 'one'), 'rival');
          writeFileSync(join(directory, 'one/dynamic-plugin-config.hash'), 'hash-of-rival');
        }
        quick.rename(from, to);
      },
    };
    const root = openTestRoot(directory, { fileSystem });
    await root.lock();
    left = rivals;
    const publishing = root.publish(stagePlugin(root, 'one', '1'), factsOf('1'), { limits: { pluginSwapAttempts: 3 } });
    if (rivals === 3) await publishing;
    else await assert.rejects(publishing, { code: 'INSTALL_IO' });
    assert.deepEqual([...readPlugins(directory).values()], [rivals === 3 ? '1' : 'rival']);
    await root[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(directory), ['one']);
  }
});

test('a removal that finds another plugin than it judged puts it back', async (t) => {
  const directory = join(await tempDir(t), 'root');
  let armed = false;
  const fileSystem = {
    ...quick,
    rename: (from: string, to: string): void => {
      if (armed && to.includes('/removed/')) writeFileSync(join(from, 'dynamic-plugin-config.hash'), 'of a rival');
      quick.rename(from, to);
    },
  };
  const root = openTestRoot(directory, { fileSystem });
  await root.lock();
  await root.publish(stagePlugin(root, 'one', '1'), factsOf('1'));
  armed = true;
  assert.equal(await root.remove('one'), false);
  assert.equal(root.installed()[0]?.configHash, 'of a rival');
  await root[Symbol.asyncDispose]();
});
