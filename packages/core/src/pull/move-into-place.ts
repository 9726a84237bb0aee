import { lstatSync, mkdirSync, readlinkSync, renameSync, rmdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { digestAlgorithm, type Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { hashFile } from '../files/hash-file.ts';
import type { StagedFiles } from './stage-files.ts';

/** One name that is to appear in the directory. */
interface Move {
  readonly path: string;
  /** Something is there and has to go first. */
  readonly replaces: boolean;
}

/**
 * Moves staged files into a directory that holds other things. What is there is looked at first, all of it; then files
 * are renamed, and when one of them cannot be, those before it are taken back.
 */
export async function moveIntoPlace(
  staged: StagedFiles,
  target: string,
  staging: string,
  force: boolean,
  op?: Op,
): Promise<void> {
  const moves: Move[] = [];
  for (const entry of [...staged.files, ...staged.links]) {
    const found = present(join(target, entry.path));
    checkParents(target, entry.path);
    if (found === undefined) moves.push({ path: entry.path, replaces: false });
    else if (await isSame(entry, join(target, entry.path), found, op)) continue;
    else if (force && !found.isDirectory()) moves.push({ path: entry.path, replaces: true });
    else throw inTheWay(target, entry.path, found.isDirectory() ? 'is a directory' : 'has other bytes');
  }
  op?.signal?.throwIfAborted();
  const undo: (() => void)[] = [];
  const replaced = join(staging, 'replaced');
  mkdirSync(replaced, { mode: 0o700 });
  try {
    moves.forEach(({ path, replaces }, index) => {
      const file = join(target, path);
      makeParents(target, path, undo);
      if (replaces) move(file, join(replaced, String(index)), undo);
      move(join(staged.tree, path), file, undo);
    });
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw coreError('INSTALL_IO', `${target}: the files cannot be moved into it`, {
      cause: error,
      details: { directory: target },
    });
  }
}

function move(from: string, to: string, undo: (() => void)[]): void {
  renameSync(from, to);
  undo.push(() => renameSync(to, from));
}

function makeParents(target: string, path: string, undo: (() => void)[]): void {
  for (const parent of parentsOf(path)) {
    const directory = join(target, parent);
    if (present(directory) !== undefined) continue;
    mkdirSync(directory, { mode: 0o755 });
    undo.push(() => rmdirSync(directory));
  }
}

/** Nothing is written through a link, nor below a file. */
function checkParents(target: string, path: string): void {
  for (const parent of parentsOf(path)) {
    const found = present(join(target, parent));
    if (found === undefined) return;
    if (!found.isDirectory()) throw inTheWay(target, parent, 'is not a directory');
  }
}

/** `a/b/c` has the parents `a` and `a/b`. */
function parentsOf(path: string): string[] {
  const segments = path.split('/').slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}

async function isSame(
  entry: StagedFiles['files'][number] | StagedFiles['links'][number],
  file: string,
  found: Stats,
  op?: Op,
): Promise<boolean> {
  if ('target' in entry) return found.isSymbolicLink() && readlinkSync(file) === entry.target;
  if (!found.isFile() || found.size !== entry.size) return false;
  return (await hashFile(file, digestAlgorithm(entry.digest), op)).digest === entry.digest;
}

function present(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function inTheWay(target: string, path: string, why: string): Error {
  return coreError('INSTALL_FILE_EXISTS', `${join(target, path)} ${why}`, { details: { directory: target, path } });
}
