/** Container images as crane makes them: Docker media types, gzip layers. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crane } from './clients.ts';
import { script } from './plugins.ts';
import { run } from './processes.ts';

/** A tar of `files`, by name and content, made in `directory`; gives its path. */
export async function tarOf(
  directory: string,
  name: string,
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<string> {
  const content = join(directory, `content-of-${name}`);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(content, path, '..'), { recursive: true });
    await writeFile(join(content, path), text);
  }
  await run('tar', [...flags, '-cf', join(directory, name), '-C', content, '.']);
  return join(directory, name);
}

/**
 * Pushes an image of one platform with one layer that holds the executable `hello`, which prints the architecture. Gives
 * the digest of its manifest.
 */
export async function pushCraneImage(directory: string, reference: string, platform = 'linux/amd64'): Promise<string> {
  const architecture = platform.split('/')[1] ?? platform;
  await script(directory, 'hello', architecture);
  const layer = join(directory, `${architecture}.tar`);
  await run('tar', ['-cf', layer, '-C', directory, 'hello']);
  await crane(['append', '-f', layer, '-t', reference]);
  await crane(['mutate', '--set-platform', platform, '-t', reference, reference]);
  return crane(['digest', reference]);
}
