import { type ChildProcess, spawn } from 'node:child_process';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { findProgram } from './find-program.ts';

/** Variables a helper gets to see: what finds its stores, its cloud's identity and its way out; nothing else. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+|DBUS_SESSION_BUS_ADDRESS|DISPLAY|WAYLAND_DISPLAY|GNUPGHOME|GPG_TTY|PASSWORD_STORE_DIR|DOCKER_CONFIG|AWS_\w+|AZURE_\w+|GOOGLE_\w+|CLOUDSDK_\w+|(HTTPS?|NO)_PROXY|(https?|no)_proxy|SSL_CERT_(FILE|DIR)|SystemRoot|SYSTEMROOT|USERPROFILE|APPDATA|LOCALAPPDATA|PATHEXT)$/;

/** Exit of a helper that ran to its end. */
export interface HelperResult {
  readonly code: number | null;
  readonly output: Buffer;
}

/**
 * Runs `docker-credential-NAME ACTION` with `input` on its standard input: no shell, found in the absolute directories
 * of PATH, a scrubbed environment, its own process group, which is killed when it ends, takes longer than
 * `helperTimeout`, writes more than `helperOutputBytes` or is cancelled.
 * Throws `REGISTRY_CREDENTIALS`, never with anything the helper wrote, and the signal's reason.
 */
export async function runHelper(
  name: string,
  action: 'get' | 'store' | 'erase',
  input: string,
  environment: Environment,
  op?: Op,
): Promise<HelperResult> {
  op?.signal?.throwIfAborted();
  if (!/^[a-z0-9-]+(\.exe)?$/.test(name)) {
    throw ociError(
      'REGISTRY_CREDENTIALS',
      'a credential helper has a name that is not allowed: expected a-z, 0-9 and -',
    );
  }
  const program = `docker-credential-${name}`;
  const file = await findProgram(program, environment.env);
  if (file === undefined) throw helperError(program, 'is not in PATH');
  const child = spawn(file, [action], {
    shell: false,
    env: Object.fromEntries(Object.entries(environment.env).filter(([key]) => PASSED_ON.test(key))),
    detached: process.platform !== 'win32',
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return supervise(child, program, input, environment, op);
}

/** `REGISTRY_CREDENTIALS` about a helper. */
export function helperError(program: string, what: string, cause?: unknown): Error {
  return ociError('REGISTRY_CREDENTIALS', `credential helper ${program}: ${what}`, {
    details: { helper: program },
    cause,
    hint: `run it by hand: echo HOST | ${program} get`,
  });
}

function supervise(
  child: ChildProcess,
  program: string,
  input: string,
  environment: Environment,
  op: Op | undefined,
): Promise<HelperResult> {
  const time = ociLimits(op, 'helperTimeout');
  const most = ociLimits(op, 'helperOutputBytes');
  const clock = new AbortController();
  return new Promise<HelperResult>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (reason: unknown): void => {
      killGroup(child);
      // A process that left the group may hold the other end.
      child.stdout?.destroy();
      reject(reason);
    };
    const onAbort = (): void => fail(op?.signal?.reason);
    op?.signal?.addEventListener('abort', onAbort, { once: true });
    clock.signal.addEventListener('abort', () => op?.signal?.removeEventListener('abort', onAbort), { once: true });
    environment.sleep(time, clock.signal).then(
      () => fail(helperError(program, `did not end within ${time} ms`)),
      () => {},
    );
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) fail(helperError(program, `wrote more than ${most} bytes`));
      else chunks.push(chunk);
    });
    child.once('error', (cause) => fail(helperError(program, 'cannot be started', cause)));
    // What it leaves running would keep its output open.
    child.once('exit', () => killGroup(child));
    child.once('close', (code) => resolve({ code, output: Buffer.concat(chunks) }));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  }).finally(() => clock.abort());
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone.
  }
}
