import { execFile } from 'node:child_process';
import type { Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { containersFault } from './containers-fault.ts';

/** How a program ended. */
export interface ToolResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** More than any of them has to say. */
const MOST_OUTPUT = 4 * 1024 * 1024;

/**
 * Runs a program to its end: no shell, this environment and nothing else, killed after `signatureToolTimeout` and when the
 * operation is cancelled. Throws `CONFIG_CONTAINERS` when it cannot be run or does not end, and the signal's reason.
 */
export function runTool(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  op?: Op,
): Promise<ToolResult> {
  op?.signal?.throwIfAborted();
  const timeout = backstageLimits(op, 'signatureToolTimeout');
  const options = { env, timeout, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT, windowsHide: true } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
      op?.signal?.removeEventListener('abort', stop);
      if (op?.signal?.aborted) reject(op.signal.reason);
      else if (error === null) resolve({ ok: true, stdout, stderr });
      else if (error.killed) reject(containersFault(program, `did not end within ${timeout} ms`, { cause: error }));
      else if (typeof error.code !== 'number') reject(containersFault(program, 'cannot be run', { cause: error }));
      else resolve({ ok: false, stdout, stderr });
    });
    const stop = (): void => void child.kill('SIGKILL');
    op?.signal?.addEventListener('abort', stop, { once: true });
    child.stdin?.end();
  });
}
