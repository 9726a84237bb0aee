/** The real `install-dynamic-plugins`, as a process that can be stopped, frozen and started by another program. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, relative, resolve } from 'node:path';
import type { Outcome } from './processes.ts';

const repository = resolve(import.meta.dirname, '..');

/** How an installer is started. */
export interface InstallerOptions {
  /** Holds dynamic-plugins.yaml. */
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** A command and its arguments, to which Node and the program are added. */
  readonly under?: readonly string[];
  /** Another path to this repository, for users who cannot get to it by its own. */
  readonly repositoryAt?: string;
}

/** How an installer ended. */
export interface InstallerEnd extends Outcome {
  readonly signal: NodeJS.Signals | null;
}

/** An installer that runs. */
export interface RunningInstaller {
  readonly process: ChildProcess;
  readonly end: Promise<InstallerEnd>;
}

/** Starts an installer. */
export function startInstaller({
  cwd,
  env,
  args,
  under = [],
  repositoryAt = repository,
}: InstallerOptions): RunningInstaller {
  const launcher = join(repositoryAt, 'packages/cli/bin/install-dynamic-plugins.mjs');
  const inside = relative(repository, process.execPath);
  const node = inside.startsWith('..') ? process.execPath : join(repositoryAt, inside);
  const [command = '', ...rest] = [...under, node, launcher, ...args];
  const child = spawn(command, rest, { cwd, env, stdio: 'pipe' });
  child.stdin.on('error', () => undefined).end();
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const end = new Promise<InstallerEnd>((ended, failed) => {
    child.once('error', failed);
    child.once('close', (code, signal) => ended({ code, signal, stdout, stderr }));
  });
  return { process: child, end };
}

/** Runs an installer to its end, whatever the exit code. */
export function installerOutcome(options: InstallerOptions): Promise<InstallerEnd> {
  return startInstaller(options).end;
}
