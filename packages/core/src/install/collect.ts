import { dirname, join } from 'node:path';
import { type Digest, isDigest, type Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { errorCode, randomName, syncDirectory } from '../files/durable.ts';
import { heldContents } from './hold.ts';
import { liveContents } from './pointers.ts';
import { keptEvidence, type Receipt } from './receipt.ts';
import { contentDirectory, evidenceFile, type RootContext } from './root-context.ts';

/** Something that is named by its digest, and where it lies. */
interface Stored {
  readonly digest: Digest;
  readonly home: string;
}

/**
 * Removes content and evidence that no name points at and nobody holds. Content that an update stopped using stays for `contentAge`,
 * for readers that have read the old receipt and not yet opened the files; `now` names content that goes at once.
 * Best effort: what cannot be removed, or told to be unused, stays for the next time.
 */
export function collectContent(context: RootContext, now: ReadonlySet<Digest> = new Set(), op?: Op): void {
  try {
    for (const stored of [...storedIn(context, 'content'), ...storedIn(context, 'evidence')]) {
      if (!now.has(stored.digest) && age(context, stored) < coreLimits(op, 'contentAge')) continue;
      if (!isUsed(context, stored.digest, op)) collectOne(context, stored, op);
    }
  } catch {
    // A receipt that cannot be read, or a file system that fails: nothing is removed on a guess.
  }
}

/**
 * The content is moved away first and the question asked again: an installer takes its hold before it looks whether the
 * content is there, so one of the two always sees the other.
 */
function collectOne(context: RootContext, { digest, home }: Stored, op?: Op): void {
  const { fileSystem, paths } = context;
  const aside = join(paths.staging, randomName('unused-'));
  fileSystem.rename(home, aside);
  fileSystem.reached('collect.aside');
  let used = true;
  try {
    used = isUsed(context, digest, op);
  } finally {
    // Where it cannot be told, it stays as well.
    if (used) restore(context, aside, home);
  }
  if (used) return;
  syncDirectory(fileSystem, dirname(home));
  fileSystem.removeTree(aside);
}

function restore(context: RootContext, aside: string, home: string): void {
  try {
    context.fileSystem.rename(aside, home);
  } catch (error) {
    if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
    // The installer has put it there again itself.
    context.fileSystem.removeTree(aside);
  }
}

function isUsed(context: RootContext, digest: Digest, op?: Op): boolean {
  return heldContents(context, op).has(digest) || liveContents(context, op).has(digest);
}

function storedIn(context: RootContext, place: 'content' | 'evidence'): readonly Stored[] {
  return namesIn(context, context.paths[place])
    .map((name) => ({ digest: name.replace('-', ':'), home: join(context.paths[place], name) }))
    .filter((stored): stored is Stored => isDigest(stored.digest));
}

function namesIn({ fileSystem }: RootContext, directory: string): readonly string[] {
  return fileSystem.lstat(directory) === undefined ? [] : fileSystem.list(directory);
}

/** Milliseconds since it was published or stopped being used. */
function age(context: RootContext, { home }: Stored): number {
  const stats = context.fileSystem.lstat(home);
  return stats === undefined ? 0 : context.clock.now() - stats.mtimeMs;
}

/** Notes that what a receipt names has just stopped being used, so that its age counts from here. */
export function markUnused(context: RootContext, receipt: Receipt): void {
  const evidence = keptEvidence(receipt).map(({ digest }) => evidenceFile(context, digest));
  for (const home of [contentDirectory(context, receipt.manifest), ...evidence]) {
    try {
      context.fileSystem.touch(home, context.clock.now());
    } catch {
      // It is collected somewhat earlier.
    }
  }
}

/** Removes what crashes left in staging longer than `stagingAge` ago. Best effort. */
export function sweepStaging(context: RootContext, op?: Op): void {
  const { fileSystem, clock, paths } = context;
  const oldest = clock.now() - coreLimits(op, 'stagingAge');
  try {
    for (const name of fileSystem.list(paths.staging)) {
      const path = join(paths.staging, name);
      const stats = fileSystem.lstat(path);
      if (stats !== undefined && stats.mtimeMs < oldest) fileSystem.removeTree(path);
    }
  } catch {
    // Tried again by the next install.
  }
}
