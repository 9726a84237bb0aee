/** Gives a test file a network of its own: the services of a private Sigstore listen on fixed ports, some on all addresses. */
import { spawnSync } from 'node:child_process';

const MARK = 'GANTRY_E2E_NETWORK';

/**
 * True in a process that has loopback for itself. Elsewhere it runs the calling script once more in a new network
 * namespace, passes on how that ended, and gives false: the caller then has nothing left to do. Throws where the system
 * gives neither root nor an unprivileged user a namespace.
 */
export function inOwnNetwork(): boolean {
  if (process.env[MARK] === '1') return true;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const up = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const { status, error } = spawnSync('unshare', [namespaceFlag(), ...up, ...again], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
  return false;
}

function namespaceFlag(): string {
  const attempts = ['-n', '-rn'].map((flag) => ({
    flag,
    ...spawnSync('unshare', [flag, 'true'], { encoding: 'utf8' }),
  }));
  const possible = attempts.find(({ status }) => status === 0);
  if (possible !== undefined) return possible.flag;
  const reasons = attempts.map(({ flag, error, stderr }) => `unshare ${flag}: ${error?.message ?? stderr.trim()}`);
  throw new Error(
    `these tests need a network namespace, as root or with unprivileged user namespaces (${reasons.join('; ')})`,
  );
}
