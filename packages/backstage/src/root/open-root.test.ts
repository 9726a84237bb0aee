import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FileCall, faultyFileSystem, tempDir } from '@gantry/testkit';
import { factsOf, keptLog, openTestRoot, quick, readPlugins, stagePlugin, writePlugin } from './root.fixture.ts';

const LOCK = 'install-dynamic-plugins.lock';

async function lockedRoot(t: TestContext) {
  const home = await tempDir(t);
  const directory = join(home, 'root');
  const log = keptLog();
  const root = openTestRoot(directory, { log });
  await root.lock();
  t.after(() => root[Symbol.asyncDispose]());
  const publish = (name: string, version: string) => root.publish(stagePlugin(root, name, version), factsOf(version));
  return { home, directory, log, root, publish };
}

test('a missing root is made, and nothing but plugins and plain files is left in it', async (t) => {
  const { directory, log, root, publish } = await lockedRoot(t);
  assert.ok(lstatSync(join(directory, LOCK)).isFile());
  await publish('one', '1');
  await root.writeFile('app-config.dynamic-plugins.yaml', 'a: 1\n');
  await root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory).sort(), ['app-config.dynamic-plugins.yaml', 'one']);
  assert.deepEqual(log.lines, [
    `======= Created lock file: ${join(directory, LOCK)}`,
    `======= Removed lock file: ${join(directory, LOCK)}`,
  ]);
});

test('a root whose path is a link is filled where the link leads, with the modes of that directory', async (t) => {
  const home = await tempDir(t);
  const real = join(home, 'volume');
  const link = join(home, 'root');
  mkdirSync(real, { mode: 0o755 });
  chmodSync(real, 0o755);
  symlinkSync('volume', link);
  const log = keptLog();
  const root = openTestRoot(link, { log });
  await root.lock();
  assert.equal(root.groupWritable, false);
  await root.publish(stagePlugin(root, 'one', '1'), factsOf('1'));
  await root[Symbol.asyncDispose]();
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.deepEqual(readdirSync(real), ['one']);
  assert.equal(statSync(join(real, 'one')).mode & 0o777, 0o755);
  assert.equal(log.lines[0], `======= Created lock file: ${join(link, LOCK)}`);
});

test('a run with nothing to do shows no staging directory', async (t) => {
  const { directory, root } = await lockedRoot(t);
  root.installed();
  await root.writeFile('app-config.dynamic-plugins.yaml', '');
  await root.writeFile('app-config.dynamic-plugins.yaml', '');
  const directories = () => readdirSync(directory).filter((name) => lstatSync(join(directory, name)).isDirectory());
  const [staging, ...others] = directories();
  assert.deepEqual(others, []);
  await root[Symbol.asyncDispose]();
  assert.match(staging ?? '', /^\.gantry-[0-9a-f]{32}$/);
  const again = openTestRoot(directory);
  await again.lock();
  await again.writeFile('app-config.dynamic-plugins.yaml', '');
  assert.deepEqual(directories(), []);
  await again[Symbol.asyncDispose]();
});

test('a published plugin is listed with its hashes and its state, and can be replaced, restated and removed', async (t) => {
  const { directory, root, publish } = await lockedRoot(t);
  await publish('one', '1');
  assert.deepEqual(root.installed(), [{ name: 'one', ...factsOf('1') }]);
  assert.equal(readFileSync(join(directory, 'one/dynamic-plugin-config.hash'), 'utf8'), 'hash-of-1');
  assert.equal(readFileSync(join(directory, 'one/dynamic-plugin-image.hash'), 'utf8'), 'image-of-1');
  await publish('one', '2');
  assert.deepEqual([...readPlugins(directory)], [['one', '2']]);
  const { imageHash, ...restated } = factsOf('3');
  assert.ok(imageHash);
  await root.restate('one', restated);
  assert.deepEqual(root.installed(), [{ name: 'one', ...restated, imageHash: undefined }]);
  assert.equal(await root.remove('one'), true);
  assert.deepEqual(root.installed(), []);
  assert.equal(await root.remove('one'), false);
});

test('what the originals installed is listed; what they did not finish is not', async (t) => {
  const { directory, log, root } = await lockedRoot(t);
  for (const name of ['python', 'hand-made', 'damaged', 'large']) writePlugin(join(directory, name), '1');
  writeFileSync(join(directory, 'python/dynamic-plugin-config.hash'), 'abc\n');
  writeFileSync(join(directory, 'damaged/dynamic-plugin-config.hash'), 'def');
  writeFileSync(join(directory, 'damaged/.gantry.json'), '{"schemaVersion":1,"surprise":2}');
  writeFileSync(join(directory, 'large/dynamic-plugin-config.hash'), 'x'.repeat(20));
  symlinkSync('python', join(directory, 'linked'));
  const limits = { pluginHashBytes: 19 };
  assert.deepEqual(root.installed({ limits }), [
    { name: 'damaged', configHash: 'def', imageHash: undefined, state: undefined },
    { name: 'python', configHash: 'abc', imageHash: undefined, state: undefined },
  ]);
  assert.match(log.lines.join('\n'), /WARNING: .gantry.json of damaged is damaged.*\n.*hash of large has 20 bytes/);
  assert.equal(root.installed({ limits: { pluginHashBytes: 20 } }).length, 3);
});

test('pluginStateBytes holds at n and n+1', async (t) => {
  const { directory, root, publish } = await lockedRoot(t);
  await publish('one', '1');
  const { size } = statSync(join(directory, 'one/.gantry.json'));
  const state = (limit: number) => root.installed({ limits: { pluginStateBytes: limit } })[0]?.state;
  assert.deepEqual(state(size), factsOf('1').state);
  assert.equal(state(size - 1), undefined);
});

test('a package cannot bring the record of its own installation, nor have it written through a link', async (t) => {
  const { home, directory, root } = await lockedRoot(t);
  const sentinel = join(home, 'sentinel');
  writeFileSync(sentinel, 'untouched');
  const staged = stagePlugin(root, 'one', '1');
  symlinkSync(sentinel, join(staged.directory, 'dynamic-plugin-config.hash'));
  mkdirSync(join(staged.directory, '.gantry.json'));
  writeFileSync(join(staged.directory, 'dynamic-plugin-image.hash'), 'forged');
  const { imageHash, ...facts } = factsOf('1');
  assert.ok(imageHash);
  await root.publish(staged, facts);
  assert.deepEqual(root.installed(), [{ name: 'one', ...facts, imageHash: undefined }]);
  assert.equal(readFileSync(sentinel, 'utf8'), 'untouched');
  assert.ok(lstatSync(join(directory, 'one/dynamic-plugin-config.hash')).isFile());
});

test('D11: what no installer made is neither replaced nor removed, and nothing goes through a link', async (t) => {
  const { home, directory, root, publish } = await lockedRoot(t);
  const outside = join(home, 'outside');
  writePlugin(outside, 'sentinel');
  writeFileSync(join(outside, 'dynamic-plugin-config.hash'), 'hash-of-sentinel');
  writeFileSync(join(directory, 'file'), 'mine');
  symlinkSync(outside, join(directory, 'link'));
  writePlugin(join(directory, 'mine'), 'mine');
  for (const name of ['file', 'link']) {
    await assert.rejects(publish(name, '1'), { code: 'INSTALL_DIRECTORY_TAKEN' });
    assert.equal(await root.remove(name), false);
  }
  assert.equal(await root.remove('mine'), false);
  await assert.rejects(root.restate('link', factsOf('1')), TypeError);
  for (const name of ['', '.', '..', '../outside', 'a/b', 'a\\b', LOCK, `.gantry-${'0'.repeat(32)}`]) {
    await assert.rejects(root.remove(name), { code: 'CONFIG_PLUGIN_PATH' }, name);
    await assert.rejects(root.writeFile(name, ''), { code: 'CONFIG_PLUGIN_PATH' }, name);
    await assert.rejects(publish(name, '1'), { code: 'CONFIG_PLUGIN_PATH' }, name);
  }
  // A plugin that is full of links out of it is removed without following one.
  const staged = stagePlugin(root, 'linking', '1');
  symlinkSync(outside, join(staged.directory, 'dist/out'));
  await root.publish(staged, factsOf('1'));
  assert.equal(await root.remove('linking'), true);
  await root[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directory).sort(), ['file', 'link', 'mine']);
  assert.equal(readlinkSync(join(directory, 'link')), outside);
  assert.equal(readFileSync(join(outside, 'dist/a.js'), 'utf8'), 'sentinel');
  assert.equal(readFileSync(join(directory, 'mine/package.json'), 'utf8'), 'mine');
});

test('a link in the place of a file beside the plugins is replaced, never followed', async (t) => {
  const { home, directory, root } = await lockedRoot(t);
  writeFileSync(join(home, 'sentinel'), 'untouched');
  symlinkSync(join(home, 'sentinel'), join(directory, 'app-config.dynamic-plugins.yaml'));
  await root.writeFile('app-config.dynamic-plugins.yaml', 'untouched');
  assert.ok(lstatSync(join(directory, 'app-config.dynamic-plugins.yaml')).isFile());
  assert.equal(readFileSync(join(home, 'sentinel'), 'utf8'), 'untouched');
});

test('a directory without a hash file gives way to the plugin of its name, and that is reported', async (t) => {
  const { directory, log, publish } = await lockedRoot(t);
  mkdirSync(join(directory, 'one/dist'), { recursive: true });
  writeFileSync(join(directory, 'one/leftover'), '');
  await publish('one', '1');
  assert.deepEqual([...readPlugins(directory)], [['one', '1']]);
  assert.throws(() => statSync(join(directory, 'one/leftover')), { code: 'ENOENT' });
  assert.match(log.lines.join('\n'), /WARNING: Replacing directory one, which has no dynamic-plugin-config.hash/);
});

for (const [mode, directoryMode, fileMode] of [
  [0o775, 0o775, 0o664],
  [0o755, 0o755, 0o644],
] as const) {
  test(`what is put into a root of mode ${mode.toString(8)} can be written by the group where the root can`, async (t) => {
    const directory = await tempDir(t);
    chmodSync(directory, mode);
    const umask = process.umask(0o077);
    try {
      const root = openTestRoot(directory);
      assert.equal(root.groupWritable, mode === 0o775);
      await root.lock();
      const modeOf = (name: string): number => statSync(join(directory, name)).mode & 0o777;
      assert.equal(modeOf(LOCK), fileMode);
      await root.publish(stagePlugin(root, 'one', '1'), factsOf('1'));
      await root.writeFile('app-config.dynamic-plugins.yaml', '');
      assert.equal(modeOf('one'), directoryMode);
      for (const file of ['app-config.dynamic-plugins.yaml', 'one/.gantry.json', 'one/dynamic-plugin-config.hash']) {
        assert.equal(modeOf(file), fileMode, file);
      }
      const staging = readdirSync(directory).find((name) => /^\.gantry-\w{32}$/.test(name)) ?? '';
      assert.equal(modeOf(staging), mode === 0o775 ? 0o770 : 0o700);
      await root[Symbol.asyncDispose]();
    } finally {
      process.umask(umask);
    }
  });
}

for (const code of ['EROFS', 'EACCES', 'ENOSPC']) {
  test(`a root that refuses to be written (${code}) is INSTALL_IO with advice, and can still be read`, async (t) => {
    const { directory, root, publish } = await lockedRoot(t);
    await publish('one', '1');
    await root[Symbol.asyncDispose]();
    const calls: FileCall[] = ['mkdir', 'rename', 'unlink', 'write', 'link', 'touch', 'chmod'];
    const fileSystem = faultyFileSystem(quick, { failAt: 1, sticky: true, code, calls });
    const refused = openTestRoot(directory, { fileSystem });
    assert.equal(refused.installed().length, 1);
    await assert.rejects(refused.lock(), (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, 'INSTALL_IO');
      assert.match(error.hint ?? '', code === 'ENOSPC' ? /free some space/ : /mode of the plugin root/);
      return error.message.includes(code) && error.message.includes(directory);
    });
  });
}

test('a file where the root should be is said to be one', async (t) => {
  const file = join(await tempDir(t), 'root');
  writeFileSync(file, '');
  await assert.rejects(openTestRoot(file).lock(), {
    code: 'INSTALL_IO',
    message: `cannot lock ${file}: something else has this name (EEXIST)`,
  });
});

test('a root without its lock refuses to change anything', async (t) => {
  const directory = await tempDir(t);
  const root = openTestRoot(directory);
  assert.deepEqual(openTestRoot(join(directory, 'missing')).installed(), []);
  await assert.rejects(root.remove('one'), TypeError);
  assert.throws(() => root.staging(), TypeError);
  assert.deepEqual(readdirSync(directory), []);
});
