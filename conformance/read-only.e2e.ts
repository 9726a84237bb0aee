/** `gantry registry serve --read-only` over a directory: every client reads from it, none writes. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { crane, oras, skopeoCopy } from './clients.ts';
import { gantry } from './gantry.ts';
import { pushCraneImage } from './images.ts';
import { script } from './plugins.ts';
import { temporaryDirectory } from './processes.ts';
import { startGantryRegistry } from './registries.ts';

/** Every file below a directory and its bytes. */
async function contentsOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')]));
  return Object.fromEntries(contents);
}

test('a directory that was filled by every client is served to every client, and does not change', async (t) => {
  const g = await gantry(t);
  const work = await temporaryDirectory(t);
  const directory = join(await temporaryDirectory(t), 'registry');
  const writable = await startGantryRegistry(t, { directory });
  const plugin = await g.json(['push', `${writable.address}/acme/plugin:1`, await script(work, 'plugin', 'served')]);
  await oras(['attach', `${writable.address}/acme/plugin:1`, 'application/vnd.acme.note', 'plugin'], { cwd: work });
  const image = await pushCraneImage(work, `${writable.address}/acme/image:1`);
  await skopeoCopy(`docker://${writable.address}/acme/image:1`, `docker://${writable.address}/acme/copied:1`);
  await writable.stop();
  const before = await contentsOf(directory);

  const { address } = await startGantryRegistry(t, { directory, readOnly: true });
  assert.equal(await crane(['digest', `${address}/acme/image:1`]), image);
  await crane(['validate', '--remote', `${address}/acme/copied:1`]);
  assert.equal(await oras(['pull', `${address}/acme/plugin:1`, join(work, 'out')]), plugin['digest']);
  assert.match(await oras(['discover', `${address}/acme/plugin:1`]), /application\/vnd\.acme\.note/);
  await skopeoCopy(`docker://${address}/acme/plugin:1`, `oci:${work}/layout:1`);
  const ran = await g.run(['run', `${address}/acme/plugin@${plugin['digest']}`]);
  assert.equal(ran.stdout, 'served ', ran.stderr);

  await assert.rejects(crane(['tag', `${address}/acme/image:1`, '2']), /405|UNSUPPORTED|read-only/i);
  await assert.rejects(oras(['push', `${address}/acme/new:1`, 'application/vnd.acme.plugin', 'plugin'], { cwd: work }));
  await assert.rejects(skopeoCopy(`oci:${work}/layout:1`, `docker://${address}/acme/new:1`));
  await assert.rejects(crane(['delete', `${address}/acme/image:1`]));
  const pushed = await g.run(['push', `${address}/acme/new:1`, join(work, 'plugin')]);
  assert.equal(pushed.code, 3, pushed.stderr);
  assert.deepEqual(await contentsOf(directory), before);
});
