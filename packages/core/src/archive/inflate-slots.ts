import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';

/** What one thread needs: its heap, the windows and buffers between file, inflater and writer. */
const BYTES_PER_THREAD = 64 * 1024 * 1024;

let active = 0;
const waiting: (() => void)[] = [];

/** Runs `work` when a thread is free, over everything that this process extracts at the same time. */
export async function withInflateSlot<T>(op: Op | undefined, work: () => Promise<T>): Promise<T> {
  if (active >= inflateThreads(op)) await new Promise<void>((start) => waiting.push(start));
  else active += 1;
  try {
    return await work();
  } finally {
    // A free place is handed on, not given back, so that nobody can slip in between.
    const next = waiting.shift();
    if (next === undefined) active -= 1;
    else next();
  }
}

/** Threads that this process may use: by limit, processors and memory, those of its cgroup included. At least one. */
export function inflateThreads(op?: Op): number {
  const memory = Math.floor(process.availableMemory() / BYTES_PER_THREAD);
  return Math.max(1, Math.min(coreLimits(op, 'inflateThreads'), availableParallelism(), cgroupProcessors(), memory));
}

/** The CPU quota of the cgroup (v2, else v1), in processors, rounded up; no limit where there is none. */
function cgroupProcessors(): number {
  const [quota, period] = first([
    () => read('/sys/fs/cgroup/cpu.max').split(' '),
    () => [read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'), read('/sys/fs/cgroup/cpu/cpu.cfs_period_us')],
  ]).map(Number);
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return Number.POSITIVE_INFINITY;
  return Math.ceil(quota / period);
}

function read(path: string): string {
  return readFileSync(path, 'latin1').trim();
}

function first(attempts: readonly (() => string[])[]): string[] {
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch {
      // Not this version of cgroups, or no cgroups here.
    }
  }
  return [];
}
