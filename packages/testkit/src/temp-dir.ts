import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';

/** An empty directory, mode 0700, removed after the test, read-only parts of it included. Absolute and without links. */
export async function tempDir(t: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), 'gantry-test-'));
  await chmod(directory, 0o700);
  t.after(() => remove(directory));
  return directory;
}

async function remove(directory: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 };
  try {
    await rm(directory, options);
  } catch {
    // Somebody else than root cannot remove what stands in a directory that was made read-only.
    await makeWritable(directory);
    await rm(directory, options);
  }
}

async function makeWritable(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(directory, entry.name));
  }
}
