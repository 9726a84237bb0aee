import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GantryError } from '../errors.ts';
import { escapeRemote } from '../escape.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { hasCode } from './safe-file.ts';

const NAME = 'index.json.lock';
const LONGEST_PAUSE = 100;

/** A lock that is held. */
export interface LayoutLock extends AsyncDisposable {
  /** Whether it is still ours: a writer that was stopped for long finds it taken over. */
  isHeld(): Promise<boolean>;
}

/**
 * Takes the lock that writers of `index.json` hold for the moment of a change. It is a file with its owner's process in it:
 * the lock of a dead process on this machine is taken over at once, any other when it is older than `layoutLockAge`. Throws `REGISTRY_CONFLICT` after `layoutLockTimeout`.
 */
export async function lockLayout(directory: string, op?: Op): Promise<LayoutLock> {
  const path = join(directory, NAME);
  const token = `${process.pid} ${hostname()} ${randomBytes(16).toString('hex')}`;
  const deadline = performance.now() + ociLimits(op, 'layoutLockTimeout');
  for (let attempt = 0; ; attempt++) {
    op?.signal?.throwIfAborted();
    if (await create(path, token)) return held(path, token);
    const found = await owner(path);
    if (found === undefined) continue;
    if (await abandoned(path, found, ociLimits(op, 'layoutLockAge'))) await takeAway(path, found);
    else if (performance.now() > deadline) throw heldTooLong(path);
    else await pause(Math.min(2 ** attempt, LONGEST_PAUSE) * (0.5 + Math.random()), op?.signal);
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    // The timer wraps the reason.
    signal?.throwIfAborted();
    throw error;
  }
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(token);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function held(path: string, token: string): LayoutLock {
  const isOurs = async (): Promise<boolean> => (await owner(path)) === token;
  return {
    isHeld: isOurs,
    [Symbol.asyncDispose]: async () => {
      if (await isOurs()) await rm(path, { force: true });
    },
  };
}

function heldTooLong(path: string): GantryError {
  return ociError('REGISTRY_CONFLICT', `the layout's lock ${escapeRemote(path, 400)} is held by another writer`, {
    hint: 'run the command again; if no other process works on the layout, remove that file',
  });
}

async function owner(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function abandoned(path: string, token: string, maxAge: number): Promise<boolean> {
  const [pid = '', host = ''] = token.split(' ');
  if (host === hostname() && /^[1-9][0-9]*$/.test(pid) && !isAlive(Number(pid))) return true;
  // Also for a process that seems alive: its number may be another's by now, or it was stopped.
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  return age > maxAge;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

/** Of several who find the same abandoned lock, one renames it; the others see another one, or none, and wait for it. */
async function takeAway(path: string, token: string): Promise<void> {
  if ((await owner(path)) !== token) return;
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  await rm(aside, { force: true });
}
