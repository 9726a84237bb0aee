import { readFileSync } from 'node:fs';
import { currentProcess, isGone } from '@gantry/core';

/** Clock ticks a second in /proc; the kernel shows all architectures the same. */
const TICKS = 100;

/**
 * Whether a bare pid, written into a file at `written` (milliseconds since 1970), certainly names a process of this host and
 * pid namespace that no longer runs. A file older than the namespace came out of another one, where the number means
 * another process, which may well run.
 */
export function isDeadPid(pid: number, written: number): boolean {
  if (pid < 1 || written < namespaceStart()) return false;
  const { host, boot } = currentProcess();
  return isGone({ host, boot, pid, start: '' }, currentProcess());
}

/** When the first process of this pid namespace started. Systems without /proc have no such namespaces. */
function namespaceStart(): number {
  if (process.platform !== 'linux') return 0;
  try {
    const boot = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]);
    const first = readFileSync('/proc/1/stat', 'latin1');
    const ticks = Number(first.slice(first.lastIndexOf(')') + 2).split(' ')[19]);
    const start = (boot + Math.floor(ticks / TICKS)) * 1000;
    return Number.isNaN(start) ? Number.POSITIVE_INFINITY : start;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
