import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runUntilKilled, tempDir } from '@gantry/testkit';
import { openStore } from '../store/open-store.ts';
import {
  archivePlugin,
  filePlugin,
  otherVersion,
  pluginOf,
  SCRIPT,
  testRoot,
  treeOf,
  verified,
} from './plugin.fixture.ts';
import { openPluginRoot } from './plugin-root.ts';

const MANY = new URL('./install-many.fixture.ts', import.meta.url);

test('E4: several processes install and read under one name; nobody ever finds a part of anything', async (t) => {
  const home = await tempDir(t);
  const directory = join(home, 'plugins');
  const store = join(home, 'store');
  const children = Array.from({ length: 4 }, () => runUntilKilled(MANY, { args: [directory, store, '10'] }));
  for (const end of await Promise.all(children)) assert.equal(end.code, 0, end.stderr);
  const root = openPluginRoot(directory, { store: () => openStore(store) });
  assert.equal((await root.list()).length, 1);
  assert.equal((await root.get('tool')).facts.name, 'tool');
  assert.deepEqual(readdirSync(join(directory, 'staging')), []);
  assert.deepEqual(readdirSync(join(directory, 'leases')), []);
});

test('E4: many installs at once in one process fetch and publish the same content once', async (t) => {
  const { root, directory } = await testRoot(t);
  const installs = Array.from({ length: 12 }, async (_, index) =>
    root.install(await verified(index % 2 === 0 ? filePlugin() : archivePlugin()), { name: `n${index}` }),
  );
  const installed = await Promise.all(installs);
  assert.equal(new Set(installed.map(({ facts }) => facts.path)).size, 2);
  assert.equal(readdirSync(join(directory, 'content')).length, 2);
  assert.equal((await root.list()).length, 12);
});

test('E12: cancelled at any await, an install changes no name and leaves nothing in staging', async (t) => {
  for (let k = 1; ; k++) {
    const { root, directory } = await testRoot(t);
    await root.install(await verified());
    const controller = new AbortController();
    let chunks = 0;
    const { content, ...plugin } = pluginOf([
      { bytes: Buffer.concat([SCRIPT, Buffer.from('again')]), mediaType: 'application/octet-stream', title: 'tool' },
      { bytes: Buffer.from('data'), mediaType: 'application/octet-stream', title: 'data' },
    ]);
    const counting = {
      open: (...args: Parameters<typeof content.open>) =>
        (async function* () {
          for await (const chunk of content.open(...args)) {
            if (++chunks === k) controller.abort();
            yield chunk;
          }
        })(),
    };
    const installing = root.install(
      await verified({ ...plugin, content: counting }),
      {},
      { signal: controller.signal },
    );
    if (k > 2) {
      await installing;
      break;
    }
    await assert.rejects(installing, { name: 'AbortError' });
    assert.equal((await root.get('tool')).facts.digest, filePlugin().root.digest, String(k));
    assert.deepEqual(readdirSync(join(directory, 'staging')), []);
    assert.deepEqual(readdirSync(join(directory, 'leases')), []);
  }
});

test('B1: content that is not what was judged is never installed, and the old version stays', async (t) => {
  const { root, directory } = await testRoot(t);
  await root.install(await verified());
  const { content: _, ...plugin } = otherVersion();
  const lying = {
    open: () =>
      (async function* () {
        yield Buffer.from('#!/bin/evil');
      })(),
  };
  await assert.rejects(root.install(await verified({ ...plugin, content: lying })), { code: 'CONTENT_SIZE_MISMATCH' });
  assert.equal((await root.get('tool')).facts.digest, filePlugin().root.digest);
  assert.deepEqual(treeOf(join(directory, 'staging')), []);
  assert.equal(readdirSync(join(directory, 'content')).length, 1);
});
