import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Config, Updater } from 'tuf-js';
import { tempDir } from '../temp-dir.ts';
import { type TufRepository, type TufRepositoryOptions, tufRepository } from './tuf-repository.ts';

const TARGETS = { 'trusted_root.json': '{"a":1}' };

test('a client updates, and gets the files', async (t) => {
  const { repository, read } = await scene(t);
  assert.equal(await read(), '{"a":1}');
  repository.publish({ targets: { 'trusted_root.json': '{"a":2}' } });
  assert.equal(await read(), '{"a":2}');
});

test('a client follows a rotated root', async (t) => {
  const { repository, read } = await scene(t);
  repository.rotateRoot();
  repository.rotateRoot({ targets: { 'trusted_root.json': '{"a":3}' } });
  assert.equal(await read(), '{"a":3}');
  assert.ok(repository.requests.includes('/3.root.json'));
});

test('a client notices a roll back', async (t) => {
  const { repository, read } = await scene(t);
  const old = repository.state();
  repository.publish();
  await read();
  repository.restore(old);
  await assert.rejects(read(), /version/);
});

test('a client notices expired metadata', async (t) => {
  const { repository, read } = await scene(t);
  repository.publish({ expires: { timestamp: Date.now() - 1000 } });
  await assert.rejects(read(), /expired/);
});

test('a client notices a forged signature', async (t) => {
  const { repository, read } = await scene(t);
  repository.publish({ forged: ['snapshot'] });
  await assert.rejects(read(), /snapshot/);
});

test('a client notices garbage', async (t) => {
  const { repository, read } = await scene(t);
  repository.answer((path) => (path === '/timestamp.json' ? { status: 200, body: '<html>' } : undefined));
  await assert.rejects(read());
  repository.answer(undefined);
  assert.equal(await read(), '{"a":1}');
});

interface Scene {
  readonly repository: TufRepository;
  readonly read: () => Promise<string>;
}

/** A repository and a client that keeps what it knows from one reading to the next. */
async function scene(t: TestContext, options: TufRepositoryOptions = {}): Promise<Scene> {
  const repository = await tufRepository(t, { targets: TARGETS, ...options });
  const directory = await tempDir(t);
  const [metadataDir, targetDir] = [join(directory, 'metadata'), join(directory, 'targets')];
  await mkdir(targetDir);
  await repository.rootFile(metadataDir);
  const config: Partial<Config> = { fetchRetry: 0 };
  const read = async (): Promise<string> => {
    const targetBaseUrl = `${repository.url}/targets`;
    const updater = new Updater({ metadataDir, targetDir, metadataBaseUrl: repository.url, targetBaseUrl, config });
    await updater.refresh();
    const info = await updater.getTargetInfo('trusted_root.json');
    assert.ok(info);
    return readFile(await updater.downloadTarget(info), 'utf8');
  };
  return { repository, read };
}
