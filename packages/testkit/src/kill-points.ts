import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { FileSystem } from '@gantry/core';

const VARIABLE = 'TESTKIT_KILL_AT';

/** Wraps a file system in a child process: SIGKILL at the point that {@link runUntilKilled} names. */
export function killingFileSystem(inner: FileSystem): FileSystem {
  const [wanted, nth = '1'] = (process.env[VARIABLE] ?? '').split('#');
  let count = 0;
  return {
    ...inner,
    reached: (point) => {
      if (point === wanted) count += 1;
      if (point === wanted && count === Number(nth)) process.kill(process.pid, 'SIGKILL');
      inner.reached(point);
    },
  };
}

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a child is to be killed, and with what it runs. */
export interface KillOptions {
  /** The named point; without it the child runs to its end. */
  readonly point?: string;
  /** The how-manieth time it is reached. Default 1. */
  readonly nth?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a TypeScript or JavaScript file in a Node process of its own, to its end or to its kill point. */
export async function runUntilKilled(script: URL, options: KillOptions = {}): Promise<ChildEnd> {
  const { point, nth = 1, args = [], env = {} } = options;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(script), ...args], {
    env: { ...process.env, ...env, [VARIABLE]: point === undefined ? '' : `${point}#${nth}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, signal, stdout, stderr };
}
