import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isGantryError, systemEnvironment } from '@gantry/oci';
import {
  type FileFault,
  faultyFileSystem,
  forgetfulFileSystem,
  runUntilKilled,
  tempDir,
  unsyncedFileSystem,
} from '@gantry/testkit';
import { type FileSystem, systemFileSystem } from '../files/file-system.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { openStore } from '../store/open-store.ts';
import { archivePlugin, filePlugin, otherVersion, treeOf, verified } from './plugin.fixture.ts';
import { openPluginRoot, type PluginRoot } from './plugin-root.ts';

const quick = unsyncedFileSystem(systemFileSystem);

const CHILD = new URL('./install-child.fixture.ts', import.meta.url);

/** What is live under the name of the test plugin: the digest of a version, or nothing. */
async function liveDigest(root: PluginRoot): Promise<string | undefined> {
  return (await root.list()).length === 0 ? undefined : (await root.get('tool')).facts.digest;
}

/** A root whose state can be compared before and after something went wrong. */
async function place(t: TestContext) {
  const home = await tempDir(t);
  const directory = join(home, 'plugins');
  const store = join(home, 'store');
  const open = (fileSystem: FileSystem = quick): PluginRoot =>
    openPluginRoot(directory, { store: () => openStore(store, { fileSystem }), fileSystem });
  const openTomorrow = (): PluginRoot => {
    const environment = { ...systemEnvironment(), now: () => Date.now() + 25 * 3_600_000 };
    return openPluginRoot(directory, {
      store: () => openStore(store, { fileSystem: quick }),
      environment,
      fileSystem: quick,
    });
  };
  const reset = (): void => {
    for (const path of [directory, store]) rmSync(path, { recursive: true, force: true });
  };
  return { home, directory, store, open, openTomorrow, reset };
}

const CHANGES = {
  install: { before: undefined, after: filePlugin() },
  update: { before: filePlugin(), after: otherVersion() },
  archive: { before: filePlugin(), after: archivePlugin() },
  remove: { before: filePlugin(), after: undefined },
} as const;

function change(root: PluginRoot, after: ResolvedPlugin | undefined): Promise<unknown> {
  return after === undefined ? root.remove('tool') : verified(after).then((plugin) => root.install(plugin));
}

for (const [action, { before, after }] of Object.entries(CHANGES)) {
  test(`E1: ${action} killed at any named point leaves the old or the new version, and the next run heals`, async (t) => {
    const { directory, store, open, reset } = await place(t);
    const prepare = async (): Promise<void> => {
      reset();
      if (before !== undefined) await open().install(await verified(before));
    };
    await prepare();
    const watched = faultyFileSystem(quick);
    await change(open(watched), after);
    const reached = new Map<string, number>();
    for (const point of watched.points) reached.set(point, (reached.get(point) ?? 0) + 1);
    assert.ok(reached.size >= (action === 'remove' ? 1 : 4), [...reached.keys()].join());
    for (const [point, count] of reached) {
      for (let nth = 1; nth <= count; nth++) {
        await prepare();
        const end = await runUntilKilled(CHILD, { point, nth, args: [directory, store, action] });
        assert.equal(end.signal, 'SIGKILL', `${point}#${nth}: ${end.stderr}`);
        const live = await liveDigest(open());
        assert.ok([before?.root.digest, after?.root.digest].includes(live as never), `${point}#${nth}: ${live}`);
        const healing = open();
        if (after !== undefined || live !== undefined) await change(healing, after);
        assert.equal(await liveDigest(open()), after?.root.digest, `${point}#${nth} heals`);
      }
    }
  });

  // How the disk fails makes no difference to what is left behind, so one change is enough for the second way.
  for (const code of action === 'remove' ? (['ENOSPC', 'EIO'] as const) : (['ENOSPC'] as const)) {
    test(`E2: ${action} with ${code} at any call is a typed error that changes nothing, or has happened`, async (t) => {
      const { directory, open, openTomorrow, reset } = await place(t);
      const sweepTomorrow = async () => openTomorrow().install(await verified(), { name: 'sweeper' });
      const run = async (fault: FileFault) => {
        reset();
        if (before !== undefined) await open().install(await verified(before));
        const fileSystem = faultyFileSystem(quick, fault);
        const error = await change(open(fileSystem), after).then(
          () => undefined,
          (failure: unknown) => failure,
        );
        return { fileSystem, error };
      };
      const { fileSystem: watched } = await run({});
      for (let k = 1; k <= watched.calls.length; k++) {
        const { fileSystem, error } = await run({ failAt: k, code });
        const call = `${fileSystem.calls[k - 1]} at ${k}`;
        const live = await liveDigest(open());
        if (error === undefined) {
          assert.equal(live, after?.root.digest, `${call}: said that it worked`);
        } else {
          assert.ok(isGantryError(error), `${call}: ${String(error)}`);
          assert.match(error.code, /^(?:INSTALL_IO|STORE_FULL|STORE_IO)$/, call);
          assert.ok([before?.root.digest, after?.root.digest].includes(live as never), `${call}: ${live}`);
        }
        if (after !== undefined || live !== undefined) await change(open(), after);
        assert.equal(await liveDigest(open()), after?.root.digest, `${call} heals`);
        if (readdirSync(join(directory, 'staging')).length > 0) await sweepTomorrow();
        assert.deepEqual(readdirSync(join(directory, 'staging')), [], `${call} leaves litter for ever`);
      }
    });
  }
}

test('E1: after a loss of power there is the old or the new version, whole', async (t) => {
  for (const [action, { before, after }] of Object.entries(CHANGES)) {
    const { home, open } = await place(t);
    if (before !== undefined) await open().install(await verified(before));
    const attic = join(home, 'attic');
    mkdirSync(attic);
    const disk = forgetfulFileSystem(systemFileSystem, attic);
    await change(open(disk), after);
    disk.losePower();
    assert.equal(await liveDigest(open()), after?.root.digest, `${action}: what was reported as done is durable`);
    if (after !== undefined) await open().install(await verified(after));
  }
});

test('E2: a root that cannot be written still lists and starts', {
  skip: process.getuid?.() === 0 ? 'root may write everywhere' : false,
}, async (t) => {
  const { directory, open } = await place(t);
  await open().install(await verified());
  const parts = ['content', 'plugins', 'staging', 'leases', '.'];
  for (const part of parts) chmodSync(join(directory, part), 0o555);
  const installed = await open().get('tool');
  await (await installed.hold())[Symbol.asyncDispose]();
  await assert.rejects(open().install(await verified(otherVersion())), { code: 'INSTALL_IO' });
  assert.equal(treeOf(join(directory, 'plugins')).length, 1);
  for (const part of parts) chmodSync(join(directory, part), 0o755);
});

test('E2: a read-only file system still lists and starts', async (t) => {
  const { open } = await place(t);
  await open().install(await verified());
  const readOnly = (): FileSystem => {
    const refuse = (): never => {
      throw Object.assign(new Error('EROFS: injected'), { code: 'EROFS' });
    };
    return {
      ...systemFileSystem,
      open: (path, flags, mode) => ((flags & 0o101) !== 0 ? refuse() : systemFileSystem.open(path, flags, mode)),
      mkdir: refuse,
      rename: refuse,
      unlink: refuse,
      touch: refuse,
    };
  };
  const root = open(readOnly());
  const installed = await root.get('tool');
  await (await installed.hold())[Symbol.asyncDispose]();
  assert.equal((await root.list()).length, 1);
  await assert.rejects(root.remove('tool'), { code: 'INSTALL_IO' });
  assert.equal((await open().get('tool')).facts.name, 'tool');
});
