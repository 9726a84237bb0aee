import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeClock, faultyFileSystem } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { filePlugin, otherVersion, pluginOf, SCRIPT, testRoot, textOf, treeOf, verified } from './plugin.fixture.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** A clock that starts now, so that it agrees with the times of files. */
function clockOfNow() {
  return fakeClock({ start: Date.now() });
}

test('E4: an update leaves the files of the old version until nobody can be reading them', async (t) => {
  const environment = clockOfNow();
  const { root } = await testRoot(t, { environment });
  const { facts: old } = await root.install(await verified());
  await root.install(await verified(otherVersion()));
  assert.match(textOf((await root.get('tool')).facts.entry), /second/);
  assert.equal(textOf(old.entry), new TextDecoder().decode(SCRIPT), 'the files in use are still there');
  await environment.advance(HOUR + MINUTE);
  await root.install(await verified(otherVersion()), { name: 'other' });
  assert.equal(existsSync(old.path), false, 'and gone when they have been unused for long');
});

test('contentAge holds at n-1, n and n+1', async (t) => {
  const limits = { contentAge: 10 * MINUTE };
  for (const [age, kept] of [
    [-1000, true],
    [0, false],
    [1000, false],
  ] as const) {
    const environment = clockOfNow();
    const { root } = await testRoot(t, { environment });
    const { facts: old } = await root.install(await verified());
    await root.install(await verified(otherVersion()));
    const unused = statSync(join(old.path, '..')).mtimeMs;
    await environment.advance(unused + limits.contentAge + age - environment.now());
    await root.install(await verified(otherVersion()), { name: 'other' }, { limits });
    assert.equal(existsSync(old.path), kept, String(age));
  }
});

test('E5: what a runtime holds stays, whatever is removed meanwhile', async (t) => {
  const environment = clockOfNow();
  const { root, reopen, directory } = await testRoot(t, { environment });
  const installed = await root.install(await verified());
  const held = await installed.hold();
  await reopen().remove('tool');
  await environment.advance(3 * HOUR);
  await root.install(await verified(otherVersion()), { name: 'other' });
  assert.equal(textOf(installed.facts.entry), new TextDecoder().decode(SCRIPT));
  await held[Symbol.asyncDispose]();
  await held[Symbol.asyncDispose]();
  await root.install(await verified(otherVersion()), { name: 'third' });
  assert.equal(existsSync(installed.facts.path), false);
  assert.deepEqual(readdirSync(join(directory, 'leases')), []);
  await assert.rejects(installed.hold(), { code: 'INSTALL_DAMAGED' });
});

test('content that nobody else uses goes with its last name', async (t) => {
  const { root } = await testRoot(t);
  const { facts } = await root.install(await verified());
  await root.install(await verified(), { name: 'second' });
  await root.remove('tool');
  assert.equal(existsSync(facts.path), true);
  await root.remove('second');
  assert.equal(existsSync(facts.path), false);
});

test('E5: content in use is not even moved by a collection', async (t) => {
  const environment = clockOfNow();
  const fileSystem = faultyFileSystem(systemFileSystem);
  const { root } = await testRoot(t, { environment, fileSystem });
  await root.install(await verified());
  await environment.advance(3 * HOUR);
  await root.install(await verified(), { name: 'second' });
  await root.remove('second');
  assert.equal(fileSystem.points.includes('collect.aside'), false);
});

test('a receipt that cannot be read keeps everything: nothing is collected on a guess', async (t) => {
  const environment = clockOfNow();
  const { root, directory } = await testRoot(t, { environment });
  const { facts } = await root.install(await verified());
  await root.install(await verified(), { name: 'second' });
  writeFileSync(join(directory, 'plugins', 'second.json'), '{');
  await environment.advance(3 * HOUR);
  await root.remove('tool');
  assert.equal(existsSync(facts.path), true);
  await root.remove('second');
  await root.install(await verified(otherVersion()), { name: 'third' });
  assert.equal(existsSync(facts.path), false);
});

test('E6: damaged content is told at the start and healed by installing again', async (t) => {
  const damages: Readonly<Record<string, (entry: string, tree: string) => void>> = {
    'changed in size': (entry) => truncateSync(entry, 3),
    'replaced by a link': (entry) => {
      renameSync(entry, `${entry}.moved`);
      symlinkSync(`${entry}.moved`, entry);
    },
    'taken away': (entry) => rmSync(entry),
    'taken away whole': (_, tree) => rmSync(tree, { recursive: true }),
  };
  for (const [name, damage] of Object.entries(damages)) {
    const { root } = await testRoot(t);
    const { entry = '', path } = (await root.install(await verified())).facts;
    damage(entry, path);
    await assert.rejects(root.get('tool'), { code: 'INSTALL_DAMAGED' }, name);
    await root.install(await verified());
    assert.equal(textOf((await root.get('tool')).facts.entry), new TextDecoder().decode(SCRIPT), name);
  }
});

test('E6: a file whose blob was damaged in the store is fetched again, once and in the same installation', async (t) => {
  for (const mediaType of ['application/octet-stream', 'application/vnd.oci.image.layer.v1.tar']) {
    const { root, directory } = await testRoot(t);
    const plugin = pluginOf([{ bytes: SCRIPT, mediaType }]);
    await root.install(await verified(plugin));
    await root.remove('tool');
    const [hex = ''] = plugin.layers.map(({ digest }) => digest.slice('sha256:'.length));
    const blob = join(directory, '..', 'store', 'v1', 'blobs', 'sha256', hex.slice(0, 2), hex);
    chmodSync(blob, 0o600);
    writeFileSync(blob, SCRIPT.toReversed());
    const { facts } = await root.install(await verified(plugin));
    assert.equal(textOf(facts.entry), new TextDecoder().decode(SCRIPT), mediaType);
  }
});

test('E6: content whose bytes changed under the same size is built anew, never reused', async (t) => {
  const changes: Readonly<Record<string, (entry: string, content: string) => void>> = {
    'a flipped byte': (entry) => writeFileSync(entry, Buffer.from(SCRIPT).fill('x', 12, 13)),
    'a stray file': (entry) => writeFileSync(`${entry}.extra`, 'x'),
    'a damaged record': (_, content) => writeFileSync(join(content, 'files.json'), '{}'),
    'a missing record': (_, content) => rmSync(join(content, 'files.json')),
  };
  for (const [name, change] of Object.entries(changes)) {
    const { root } = await testRoot(t);
    const { entry = '', path } = (await root.install(await verified())).facts;
    await root.checkFiles('tool');
    change(entry, join(path, '..'));
    await assert.rejects(root.checkFiles('tool'), { code: 'INSTALL_DAMAGED', message: /^tool \(/ }, name);
    await root.install(await verified(), { name: 'second' });
    await root.checkFiles('tool');
    assert.equal(textOf(entry), new TextDecoder().decode(SCRIPT), name);
    assert.deepEqual(treeOf(path), ['tool'], name);
  }
});

test('E8: what crashes left in staging is swept by age, and only that', async (t) => {
  const environment = clockOfNow();
  const { root, directory } = await testRoot(t, { environment });
  await root.install(await verified());
  const staging = join(directory, 'staging');
  const old = new Date(environment.now() - 25 * HOUR);
  for (const name of ['old', 'fresh']) writeFileSync(join(staging, name), 'x');
  symlinkSync(join(directory, 'plugins'), join(staging, 'link'));
  utimesSync(join(staging, 'old'), old, old);
  await root.install(await verified(filePlugin()));
  assert.deepEqual(readdirSync(staging).sort(), ['fresh', 'link']);
  assert.equal(existsSync(join(directory, 'plugins', 'tool.json')), true);
});

test('D11: links in the place of what is removed are removed, not followed', async (t) => {
  const { root, directory } = await testRoot(t);
  const { path } = (await root.install(await verified())).facts;
  const precious = join(directory, '..', 'precious');
  renameSync(join(path, '..'), precious);
  symlinkSync(precious, join(path, '..'));
  await root.remove('tool');
  assert.deepEqual(treeOf(precious), ['files.json', 'tree', 'tree/tool']);
  assert.equal(existsSync(path), false);
});
