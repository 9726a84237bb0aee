import type { ChildProcess } from 'node:child_process';

/**
 * Kills a detached child together with everything it started and that stayed in its process group. Also reaches what
 * is left of the group after the child itself ended. Not being there any more is success.
 */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // No such group: everything ended, or this system has no process groups.
    child.kill('SIGKILL');
  }
}
