import { randomBytes } from 'node:crypto';
import {
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { coreError, coreLimits } from '@gantry/core';
import type { Op } from '@gantry/oci';
import type { EntityFile } from './catalog-entities.ts';

const STAGING = /^\.gantry-entities-[0-9a-f]{32}$/;
/** What a directory answers that is a mount, or whose parent is not ours: then its content is replaced in place. */
const NOT_SWAPPED = new Set(['EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS', 'ENOTSUP']);

/**
 * Makes the entities the content of `target`, and nothing else; true when they were not so before. The directory is somebody
 * else's and may be a mount: it is replaced by two renames where that is possible, file by file else. Throws `STORE_FULL`,
 * `INSTALL_IO`.
 */
export function writeEntities(target: string, entities: readonly EntityFile[], op?: Op): boolean {
  try {
    if (holdsExactly(target, entities)) return false;
    mkdirSync(dirname(target), { recursive: true });
    sweep(dirname(target), coreLimits(op, 'stagingAge'));
    if (!swap(target, entities)) replaceContent(target, entities);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    throw coreError(full ? 'STORE_FULL' : 'INSTALL_IO', `cannot write the catalog entities to ${target} (${code})`, {
      cause: error,
      details: { path: target, code },
      hint: 'CATALOG_ENTITIES_EXTRACT_DIR names the directory that holds catalog-entities',
    });
  }
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function listed(directory: string): readonly Dirent[] | undefined {
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  return readdirSync(directory, { recursive: true, withFileTypes: true });
}

function holdsExactly(target: string, entities: readonly EntityFile[]): boolean {
  const there = listed(target);
  if (there === undefined) return false;
  const others = there.filter((entry) => !entry.isDirectory());
  if (others.length !== entities.length || others.some((entry) => !entry.isFile())) return false;
  return entities.every(({ path, bytes }) => holds(join(target, path), bytes));
}

function holds(path: string, bytes: Uint8Array): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size === bytes.length && readFileSync(path).equals(bytes);
}

function swap(target: string, entities: readonly EntityFile[]): boolean {
  const fresh = stagingName(target);
  const old = stagingName(target);
  try {
    mkdirSync(fresh);
    writeInto(fresh, entities);
    if (isThere(target)) renameSync(target, old);
    renameSync(fresh, target);
    rmSync(old, { recursive: true, force: true });
    return true;
  } catch (error) {
    if (isThere(old) && !isThere(target)) renameSync(old, target);
    rmSync(fresh, { recursive: true, force: true });
    if (NOT_SWAPPED.has(codeOf(error) ?? '')) return false;
    throw error;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function stagingName(target: string): string {
  return join(dirname(target), `.gantry-entities-${randomBytes(16).toString('hex')}`);
}

function writeInto(directory: string, entities: readonly EntityFile[]): void {
  const made = new Set([directory]);
  for (const { path, bytes } of entities) {
    const full = join(directory, path);
    if (!made.has(dirname(full))) mkdirSync(dirname(full), { recursive: true });
    made.add(dirname(full));
    writeFileSync(full, bytes, { flag: 'wx' });
  }
}

function replaceContent(target: string, entities: readonly EntityFile[]): void {
  // A mount is a directory; a link in its place would lead elsewhere.
  if (lstatSync(target, { throwIfNoEntry: false })?.isDirectory() !== true) rmSync(target, { force: true });
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(target)) rmSync(join(target, name), { recursive: true, force: true });
  writeInto(target, entities);
}

/** Removes what killed runs left. Others may write here right now, so only what is old goes. */
function sweep(directory: string, age: number): void {
  for (const name of readdirSync(directory)) {
    if (!STAGING.test(name)) continue;
    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > age) rmSync(path, { recursive: true, force: true });
  }
}
