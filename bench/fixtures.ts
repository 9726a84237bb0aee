/** What the benchmarks move, made once and kept in a cache that is not committed. */
import { createCipheriv, randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sample } from './measure.ts';

/** Where fixtures and scratch directories live. */
export const cache: string = resolve(import.meta.dirname, '..', 'node_modules', '.cache', 'gantry-bench');

const MiB = 1024 * 1024;

/** Bytes that gzip makes about half as long: each is one of sixteen letters, chosen by a cipher with a fixed key. */
function letters(seed: number): (bytes: number) => Buffer {
  const key = Buffer.alloc(32, seed);
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (bytes) => {
    const buffer = cipher.update(Buffer.alloc(bytes));
    for (let index = 0; index < buffer.length; index++) buffer[index] = 97 + ((buffer[index] ?? 0) & 15);
    return buffer;
  };
}

/** A tar.gz of one file whose compressed size is about `compressedMiB`. */
export async function oneBigFile(compressedMiB: number, seed = 1): Promise<string> {
  const archive = join(cache, `big-${compressedMiB}-${seed}.tar.gz`);
  if (existsSync(archive)) return archive;
  const directory = join(cache, `big-${compressedMiB}-${seed}`);
  mkdirSync(directory, { recursive: true });
  const next = letters(seed);
  const fd = openSync(join(directory, 'model.bin'), 'w');
  // Sixteen equally frequent letters carry 4 bits each; gzip gets close to that.
  const inflated = Math.round(compressedMiB * 1.73);
  for (let written = 0; written < inflated; written++) writeSync(fd, next(MiB));
  closeSync(fd);
  await tar(directory, archive);
  return archive;
}

/** A tar.gz of `count` files of about 1 KiB in directories of a hundred. */
export async function manySmallFiles(count: number): Promise<string> {
  const archive = join(cache, `small-${count}.tar.gz`);
  if (existsSync(archive)) return archive;
  const directory = join(cache, `small-${count}`);
  const next = letters(2);
  for (let index = 0; index < count; index++) {
    const folder = join(directory, `d${Math.floor(index / 100)}`);
    if (index % 100 === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${index}.js`), next(512 + (index % 1024)));
  }
  await tar(directory, archive);
  return archive;
}

/** Files of 4 KiB, each different. */
export function manyBlobs(count: number): string[] {
  const directory = join(cache, `blobs-${count}`);
  mkdirSync(directory, { recursive: true });
  return Array.from({ length: count }, (_, index) => {
    const file = join(directory, `blob-${String(index).padStart(5, '0')}`);
    if (!existsSync(file)) writeFileSync(file, randomBytes(4096));
    return file;
  });
}

async function tar(directory: string, archive: string): Promise<void> {
  await sample(['tar', '-I', 'gzip -6', '-cf', `${archive}.partial`, '-C', directory, '.']);
  renameSync(`${archive}.partial`, archive);
  await sample(['rm', '-rf', directory]);
}
