import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';

/** An empty directory, mode 0700, removed after the test. Absolute and without links. */
export async function tempDir(t: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), 'gantry-test-'));
  await chmod(directory, 0o700);
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}
