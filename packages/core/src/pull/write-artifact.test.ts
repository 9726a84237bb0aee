import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { forgeTar, tempDir } from '@gantry/testkit';
import { modeOf, pluginOf, SCRIPT, type TestLayer, textOf, treeOf } from '../install/plugin.fixture.ts';
import { openStore } from '../store/open-store.ts';
import { judge } from '../trust/judge.ts';
import { type WriteOptions, writeArtifact } from './write-artifact.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const script: TestLayer = { bytes: SCRIPT, mediaType: 'application/octet-stream', title: 'bin/hello.sh' };
const notes: TestLayer = { bytes: text('notes'), mediaType: 'text/plain' };
const archive: TestLayer = {
  bytes: forgeTar([
    { name: 'sub/', type: 'directory' },
    { name: 'sub/data.txt', content: text('data') },
  ]),
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
};

async function write(t: TestContext, directory: string, layers: readonly TestLayer[], options: WriteOptions = {}) {
  const store = openStore(join(await tempDir(t), 'store'));
  return writeArtifact(await judge(pluginOf(layers)), store, directory, options);
}

test('raw layers are written under their title, or their digest; archives are extracted', async (t) => {
  const directory = join(await tempDir(t), 'new', 'out');
  const written = await write(t, directory, [script, notes, archive]);
  const unnamed = digestOf(text('notes')).slice(7, 19);
  assert.deepEqual(treeOf(directory), [unnamed, 'hello.sh', 'sub', 'sub/data.txt'].sort());
  assert.deepEqual(
    written.map(({ path, digest }) => [path, digest]).sort(),
    [
      [unnamed, digestOf(text('notes'))],
      ['hello.sh', digestOf(SCRIPT)],
      ['sub/data.txt', digestOf(text('data'))],
    ].sort(),
  );
  assert.equal(modeOf(join(directory, 'hello.sh')), 0o755);
  assert.equal(modeOf(join(directory, unnamed)), 0o644);
});

test('a file with the same bytes is left alone, one with others is an error unless forced', async (t) => {
  const directory = await tempDir(t);
  await writeFile(join(directory, 'mine.txt'), 'mine');
  await write(t, directory, [script]);
  await write(t, directory, [script, archive]);
  await writeFile(join(directory, 'hello.sh'), 'changed');
  const before = treeOf(directory);
  await assert.rejects(write(t, directory, [script, notes]), {
    code: 'INSTALL_FILE_EXISTS',
    message: /hello\.sh has other bytes/,
  });
  assert.deepEqual(treeOf(directory), before);
  assert.equal(textOf(join(directory, 'hello.sh')), 'changed');
  await write(t, directory, [script], { force: true });
  assert.deepEqual(await readFile(join(directory, 'hello.sh')), Buffer.from(SCRIPT));
  assert.equal(textOf(join(directory, 'mine.txt')), 'mine');
});

test('E6: a blob that was damaged in the store is fetched again, and only its own bytes are written', async (t) => {
  const home = await tempDir(t);
  const store = openStore(join(home, 'store'));
  const long: TestLayer = { ...notes, bytes: text('long notes '.repeat(100)), title: 'long' };
  const plugin = await judge(pluginOf([long]));
  await writeArtifact(plugin, store, join(home, 'first'));
  const hex = digestOf(long.bytes).slice('sha256:'.length);
  const blob = join(home, 'store', 'v1', 'blobs', 'sha256', hex.slice(0, 2), hex);
  await chmod(blob, 0o600);
  await writeFile(blob, long.bytes.toReversed());
  await writeArtifact(plugin, store, join(home, 'second'));
  assert.equal(textOf(join(home, 'second', 'long')), 'long notes '.repeat(100));
});

test('B10: a title chooses no place: traversal is cut to its base name, and what is no file name is refused', async (t) => {
  const directory = join(await tempDir(t), 'out');
  for (const title of ['../../evil', '/etc/evil', 'C:\\x\\evil']) {
    await write(t, join(directory, 'good'), [{ ...notes, title }]);
  }
  assert.deepEqual(treeOf(directory), ['good', 'good/evil']);
  for (const title of ['..', 'a/..', '', 'x'.repeat(70_000), 'a\u0000b', 'a\u001b[2Jb', 'nul', 'evil:stream']) {
    await assert.rejects(write(t, join(directory, 'bad'), [script, { ...notes, title }]), {
      code: 'ARCHIVE_UNSAFE_PATH',
    });
  }
  assert.deepEqual(treeOf(directory), ['good', 'good/evil']);
});

test('D4: nothing is written through a link that is there, even with force', async (t) => {
  const root = await tempDir(t);
  const directory = join(root, 'out');
  const elsewhere = join(root, 'elsewhere');
  await mkdir(directory);
  await mkdir(elsewhere);
  await symlink(elsewhere, join(directory, 'sub'));
  await assert.rejects(write(t, directory, [archive], { force: true }), { code: 'INSTALL_FILE_EXISTS' });
  assert.deepEqual(treeOf(elsewhere), []);

  await writeFile(join(elsewhere, 'target'), 'kept');
  await symlink(join(elsewhere, 'target'), join(directory, 'hello.sh'));
  await assert.rejects(write(t, directory, [script]), { code: 'INSTALL_FILE_EXISTS' });
  await write(t, directory, [script], { force: true });
  assert.equal(textOf(join(elsewhere, 'target')), 'kept');
  assert.equal(textOf(join(directory, 'hello.sh')), new TextDecoder().decode(SCRIPT));
});

test('two layers of one name are refused, and a failure leaves no trace', async (t) => {
  const root = await tempDir(t);
  const other = { ...notes, title: 'hello.sh' };
  await assert.rejects(write(t, join(root, 'a', 'b'), [script, other]), { code: 'ARCHIVE_COLLISION' });
  assert.deepEqual(treeOf(root), []);
});

test('files that cannot be moved into place are taken back', async (t) => {
  const directory = await tempDir(t);
  // A directory in the place of a file shows up before anything is moved.
  await mkdir(join(directory, 'hello.sh'));
  await assert.rejects(write(t, directory, [notes, archive, script], { force: true }), {
    code: 'INSTALL_FILE_EXISTS',
    message: /is a directory/,
  });
  assert.deepEqual(treeOf(directory), ['hello.sh']);
});

test('an object that only looks verified is refused', async (t) => {
  const directory = join(await tempDir(t), 'out');
  const verified = await judge(pluginOf([script]));
  const store = openStore(join(await tempDir(t), 'store'));
  await assert.rejects(writeArtifact({ ...verified } as typeof verified, store, directory), {
    code: 'POLICY_NOT_VERIFIED',
  });
  assert.deepEqual(treeOf(directory), []);
});

test('a file where the directory should be is an error that names it, and stays', async (t) => {
  const file = join(await tempDir(t), 'out');
  await writeFile(file, 'mine');
  await assert.rejects(write(t, file, [script]), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'INSTALL_IO');
    assert.match(error.message, /out cannot be made a directory \(EEXIST\)/);
    return true;
  });
  assert.equal(await readFile(file, 'utf8'), 'mine');
});

test('a directory that takes no files is an error that names it', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere');
  const directory = await tempDir(t);
  await chmod(directory, 0o555);
  await assert.rejects(write(t, directory, [script]), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'INSTALL_IO');
    return true;
  });
});
