/** Times whole processes and reads their peak memory and written bytes from the kernel. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One finished process. */
export interface Sample {
  readonly seconds: number;
  /** User and system time of the process and its ended children, in seconds. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly writtenBytes: number;
  readonly stdout: string;
  readonly stderr: string;
}

function field(path: string, name: string): number {
  try {
    const line = readFileSync(path, 'utf8')
      .split('\n')
      .find((each) => each.startsWith(`${name}:`));
    return Number(line?.split(/\s+/)[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Kernel clock ticks a second, the unit of /proc/PID/stat. */
const TICKS = 100;

function cpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) / TICKS;
  } catch {
    return 0;
  }
}

/** Runs a command to its end; anything but exit 0 is an error. Memory and writes are polled until it ends. */
export function sample(
  command: readonly [string, ...string[]],
  options: {
    env?: Record<string, string>;
    cwd?: string;
    input?: string;
    /** Called each time that memory and writes are looked at. */
    look?: () => void;
  } = {},
): Promise<Sample> {
  return new Promise((done, failed) => {
    const begin = performance.now();
    const [program, ...args] = command;
    const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    let peakBytes = 0;
    let writtenBytes = 0;
    let cpu = 0;
    let stdout = '';
    let stderr = '';
    const look = (): void => {
      const pid = child.pid ?? 0;
      peakBytes = Math.max(peakBytes, field(`/proc/${pid}/status`, 'VmHWM') * 1024);
      writtenBytes = Math.max(writtenBytes, field(`/proc/${pid}/io`, 'write_bytes'));
      cpu = Math.max(cpu, cpuSeconds(pid));
      options.look?.();
    };
    const timer = setInterval(look, 5);
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    child.once('error', failed);
    child.once('close', (code, signal) => {
      clearInterval(timer);
      const seconds = (performance.now() - begin) / 1000;
      if (code === 0) done({ seconds, cpuSeconds: cpu, peakBytes, writtenBytes, stdout, stderr });
      else failed(new Error(`${command.join(' ')} ended with ${code ?? signal}\n${stderr}`));
    });
  });
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Runs two things in turn, A B A B …, and gives the median of each, so that a drifting machine harms both alike. */
export async function inTurn<A, B>(
  times: number,
  a: (round: number) => Promise<A>,
  b: (round: number) => Promise<B>,
): Promise<{ a: A[]; b: B[] }> {
  const result: { a: A[]; b: B[] } = { a: [], b: [] };
  for (let round = 0; round < times; round++) {
    result.a.push(await a(round));
    result.b.push(await b(round));
  }
  return result;
}
