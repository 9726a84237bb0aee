/** Mounts that end with the test file that made them: it runs in a mount namespace of its own. Needs root. */
import { spawnSync } from 'node:child_process';

const MARK = 'GANTRY_E2E_MOUNTS';

/**
 * True in a process whose mounts nobody else sees. Elsewhere it runs the calling script once more in such a namespace,
 * passes on how that ended, and gives false: the caller then has nothing left to do. Throws for anybody but root.
 */
export function inOwnMounts(): boolean {
  if (process.env[MARK] === '1') return true;
  if (process.getuid?.() !== 0) throw new Error('these tests mount file systems and change owners: run them as root');
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync('unshare', ['-m', '--propagation', 'private', ...again], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
  return false;
}
