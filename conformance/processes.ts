/** Starts other people's programs, and takes them down with the test that needed them. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Cleanup } from '@gantry/testkit';
import { type BuiltPeer, peersDirectory } from './install-peers.ts';

const execute = promisify(execFile);

/** Path of a peer that was built. Throws when the peers were not installed. */
export function peer(name: BuiltPeer): string {
  const path = join(peersDirectory, name);
  if (!existsSync(path)) throw new Error(`${path} is missing: run node conformance/install-peers.ts`);
  return path;
}

/** Options of {@link run}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The whole environment, instead of this process's own with `env`. */
  readonly onlyEnv?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a command to its end and gives its stdout; throws with its stderr when it fails. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const running = execute(command, args, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    maxBuffer: 64 * 1024 * 1024,
  });
  running.child.stdin?.on('error', () => undefined).end(options.input ?? '');
  const { stdout } = await running;
  return stdout;
}

/** How a run ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever the exit code. */
export function outcomeOf(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.onlyEnv ?? { ...process.env, ...options.env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', failed);
    child.once('close', (code) => done({ code, stdout, stderr }));
    child.stdin.on('error', () => undefined).end(options.input ?? '');
  });
}

/** What was started for a test, so that it can be ended before the directories it writes to are removed. */
const started = new WeakMap<Cleanup, ChildProcess[]>();

/** A directory that goes with the test, after the services that were started for it. */
export async function temporaryDirectory(t: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-e2e-'));
  t.after(async () => {
    // Hooks run in the order in which they were added: by itself this one would come first.
    await Promise.all((started.get(t) ?? []).map(end));
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

/** A TCP port of loopback that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A program that serves until the test ends or stops it. */
export interface Service {
  stop(): Promise<void>;
}

/** Starts a server and waits until it listens on a port of loopback. */
export async function startService(
  t: Cleanup,
  command: string,
  args: readonly string[],
  port: number,
  options: Pick<SpawnOptions, 'env'> = {},
): Promise<Service> {
  const child = spawn(command, args, { stdio: 'ignore', ...options });
  started.set(t, [...(started.get(t) ?? []), child]);
  const stop = (): Promise<void> => end(child);
  t.after(stop);
  for (let attempt = 0; attempt < 400; attempt++) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    if (await listens(port)) return { stop };
    await sleep(25);
  }
  throw new Error(`${command} does not listen on port ${port}`);
}

function listens(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(port, '127.0.0.1', () => answer(true)).on('error', () => answer(false));
    socket.on('connect', () => socket.destroy());
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
