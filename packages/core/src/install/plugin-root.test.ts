import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { Installed } from './installed.ts';
import {
  filePlugin,
  modeOf,
  otherVersion,
  pluginOf,
  SCRIPT,
  testRoot,
  textOf,
  treeOf,
  verified,
  WASM,
} from './plugin.fixture.ts';

test('what is installed can be read back, with a receipt that says why', async (t) => {
  const { root, directory, reopen } = await testRoot(t);
  const plugin = filePlugin();
  const installed = await root.install(await verified(plugin));
  const again = await reopen().get('tool');
  Installed.assert(again);
  assert.deepEqual(again.facts, installed.facts);
  assert.equal(again.facts.kind, 'executable');
  assert.equal(again.facts.digest, plugin.root.digest);
  assert.equal(again.facts.verdict.policy, 'digest');
  assert.equal(again.facts.entry, join(again.facts.path, 'tool'));
  assert.equal(again.facts.entryDigest, digestOf(SCRIPT));
  assert.equal(textOf(again.facts.entry), new TextDecoder().decode(SCRIPT));
  const { receipt, receiptFile } = await root.why('tool');
  assert.equal(receiptFile, join(directory, 'plugins', 'tool.json'));
  assert.equal(receipt.reference, plugin.reference);
  assert.deepEqual(receipt.evidence, [{ type: 'pin', digest: plugin.root.digest }]);
  const hex = plugin.root.digest.slice('sha256:'.length);
  const files = JSON.parse(readFileSync(join(directory, 'content', `sha256-${hex}`, 'files.json'), 'utf8'));
  assert.deepEqual(files.files, [{ path: 'tool', size: SCRIPT.length, executable: true, digest: digestOf(SCRIPT) }]);
});

test('a distinct name is made from the default one when another repository has that, and stays the same', async (t) => {
  const { root } = await testRoot(t);
  const distinct = { distinct: true };
  const other = (scopeName: string, defaultName = 'tool') => verified(filePlugin(WASM, { scopeName, defaultName }));
  assert.equal((await root.install(await verified(filePlugin()), distinct)).facts.name, 'tool');
  assert.equal((await root.install(await verified(otherVersion()), distinct)).facts.name, 'tool');
  const expected = `tool-${digestOf(new TextEncoder().encode('a.example/b/tool')).slice(7, 15)}`;
  assert.equal((await root.plan(await other('a.example/b/tool'), distinct)).name, expected);
  for (const action of ['install', 'unchanged']) {
    assert.equal((await root.plan(await other('a.example/b/tool'), distinct)).action, action);
    assert.equal((await root.install(await other('a.example/b/tool'), distinct)).facts.name, expected);
  }
  const named = { ...distinct, name: 'tool' };
  await assert.rejects(root.install(await other('a.example/c/tool'), named), { code: 'INSTALL_NAME_TAKEN' });
  await root.install(await other('a.example/long'), { name: 'x'.repeat(128) });
  const long = await root.install(await other('a.example/d', 'x'.repeat(128)), distinct);
  assert.match(long.facts.name, /^x{119}-[0-9a-f]{8}$/);
});

test('B11: directories are named by digest, names by the user, and nothing is left in staging', async (t) => {
  const { root, directory } = await testRoot(t);
  const plugin = pluginOf([{ bytes: WASM, mediaType: 'application/wasm', title: 'plugins/other.json' }], {
    annotations: { 'org.opencontainers.image.title': 'other', 'org.opencontainers.image.ref.name': 'other' },
  });
  await root.install(await verified(plugin), { name: 'mine' });
  const content = `content/${plugin.root.digest.replace(':', '-')}`;
  assert.deepEqual(treeOf(directory), [
    'content',
    content,
    `${content}/files.json`,
    `${content}/tree`,
    `${content}/tree/other.json`,
    'leases',
    'plugins',
    'plugins/mine.json',
    'staging',
  ]);
});

test('published files are readable for all and writable for us, whatever the umask', async (t) => {
  for (const umask of [0o000, 0o022, 0o077]) {
    const before = process.umask(umask);
    t.after(() => process.umask(before));
    const { root, directory } = await testRoot(t);
    const { path, entry = '' } = (await root.install(await verified())).facts;
    assert.equal(modeOf(path), 0o755);
    assert.equal(modeOf(join(path, '..')), 0o755);
    assert.equal(modeOf(entry), 0o755);
    assert.equal(modeOf(join(path, '..', 'files.json')), 0o644);
    assert.equal(modeOf(join(directory, 'plugins', 'tool.json')), 0o644);
    process.umask(before);
  }
});

test('where the group can write the root, it can write what is published', async (t) => {
  const { root, directory } = await testRoot(t);
  mkdirSync(directory);
  chmodSync(directory, 0o775);
  const { path, entry = '' } = (await root.install(await verified())).facts;
  assert.deepEqual(
    [path, entry, join(directory, 'content'), join(directory, 'plugins')].map(modeOf),
    [0o775, 0o775, 0o775, 0o775],
  );
});

test('the same content is installed once, and two names may share it', async (t) => {
  const { root } = await testRoot(t);
  const first = await root.install(await verified(), { name: 'one' });
  const before = statSync(first.facts.entry ?? '');
  const second = await root.install(await verified(), { name: 'two' });
  assert.equal(second.facts.entry, first.facts.entry);
  assert.equal(statSync(second.facts.entry ?? '').ino, before.ino);
  await root.remove('one');
  assert.equal((await root.get('two')).facts.name, 'two');
  assert.equal(statSync(second.facts.entry ?? '').ino, before.ino);
});

test('installing again changes nothing, not even the receipt', async (t) => {
  const { root, directory } = await testRoot(t);
  await root.install(await verified());
  const receipt = join(directory, 'plugins', 'tool.json');
  const before = statSync(receipt).ino;
  await using prepared = await root.prepare(await verified());
  assert.equal(prepared.unchanged, true);
  prepared.activate();
  assert.equal(statSync(receipt).ino, before);
});

test('the default name comes from the reference, and a bad one is refused', async (t) => {
  const { root } = await testRoot(t);
  assert.equal((await root.install(await verified(filePlugin(SCRIPT, { defaultName: 'noel' })))).facts.name, 'noel');
  const nameless = await verified(filePlugin(SCRIPT, { defaultName: '..' }));
  await assert.rejects(root.install(nameless), { code: 'INSTALL_NAME_INVALID' });
  assert.equal((await root.install(nameless, { name: 'given' })).facts.name, 'given');
});

test('a name of another repository is taken, unless it is replaced', async (t) => {
  const { root } = await testRoot(t);
  await root.install(await verified());
  const other = await verified(otherVersion({ scopeName: 'evil.example/acme/tool' }));
  await assert.rejects(root.install(other), { code: 'INSTALL_NAME_TAKEN' });
  await assert.rejects(root.install(other, { name: 'TOOL' }), { code: 'INSTALL_NAME_TAKEN' });
  assert.equal(textOf((await root.get('tool')).facts.entry), new TextDecoder().decode(SCRIPT));
  await root.install(other, { replace: true });
  assert.match(textOf((await root.get('tool')).facts.entry), /second/);
});

test('D11: an update and a remove touch nothing but what receipts name', async (t) => {
  const { root, directory } = await testRoot(t);
  const sentinel = join(directory, '..', 'sentinel');
  writeFileSync(sentinel, 'precious');
  await root.install(await verified());
  await root.install(await verified(otherVersion()));
  for (const name of ['..', '../sentinel', '.', '', 'a/../../sentinel', '../../sentinel']) {
    await assert.rejects(root.remove(name), { code: 'INSTALL_NAME_INVALID' }, name);
    await assert.rejects(root.get(name), { code: 'INSTALL_NAME_INVALID' }, name);
  }
  await root.remove('tool');
  assert.equal(textOf(sentinel), 'precious');
  assert.deepEqual(treeOf(join(directory, 'plugins')), []);
});

test('what is not installed is not found', async (t) => {
  const { root } = await testRoot(t);
  for (const ask of [() => root.get('nope'), () => root.why('nope'), () => root.remove('nope')]) {
    await assert.rejects(ask, { code: 'INSTALL_NOT_FOUND' });
  }
  assert.deepEqual(await root.list(), []);
});

test('only a verified plugin can be installed, and only the root makes installed ones', async (t) => {
  const { root } = await testRoot(t);
  const real = await verified();
  for (const forged of [{ ...real }, Object.create(real), { plugin: real.plugin, verdict: real.verdict }]) {
    await assert.rejects(root.install(forged), { code: 'POLICY_NOT_VERIFIED' });
  }
  const installed = await root.install(real);
  for (const forged of [{ ...installed }, Object.create(installed), { facts: installed.facts }, null]) {
    assert.throws(() => Installed.assert(forged), { code: 'POLICY_NOT_VERIFIED' });
  }
  assert.throws(() => new Installed(Symbol('installed'), installed.facts, () => installed.hold()), {
    code: 'POLICY_NOT_VERIFIED',
  });
});
