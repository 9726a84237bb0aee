import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { type GantryError, type Op, systemEnvironment } from '@gantry/oci';
import { splitLines } from '../line-splitter.ts';
import { openLog } from '../log-lines.ts';
import type { OutputSink, RunResult } from '../plugin.ts';
import { type RuntimeErrorCode, runtimeError } from '../runtime-errors.ts';
import { runtimeLimits } from '../runtime-limits.ts';
import { pumpOutput } from './output-pump.ts';
import { killGroup } from './process-group.ts';

/** One process to run. */
export interface ProcessSpec {
  /** The plugin's name, for messages. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly stdio: StdioOptions;
  readonly input: Uint8Array;
  readonly timeout: number;
  readonly sink: OutputSink | undefined;
}

/**
 * Runs a process to its end in a process group of its own, without a shell, with three pipes and no other descriptor.
 * A process that fails is a result with a failure. Rejects with the signal's reason on cancellation and with the
 * sink's own error; in both cases the group is dead by then.
 */
export async function runProcess(spec: ProcessSpec, op: Op | undefined): Promise<RunResult> {
  op?.signal?.throwIfAborted();
  const { monotonic } = systemEnvironment();
  const started = monotonic();
  const { child, stdin, stdout, stderr } = await start(spec);

  const ended = new AbortController();
  const kill = (): void => {
    // After its exit the number of the group may be somebody else's.
    if (!ended.signal.aborted) killGroup(child);
  };
  let failure: GantryError | undefined;
  const fail = (code: RuntimeErrorCode, problem: string): void => {
    failure ??= runtimeError(code, `${spec.name} ${problem}`);
    kill();
  };
  op?.signal?.addEventListener('abort', kill, { once: true });
  if (op?.signal?.aborted) kill();
  // Not cleared by the exit: a process that left the group can go on writing for ever.
  const deadline = setTimeout(
    () => fail('RUNTIME_TIMEOUT', `did not end within ${spec.timeout} ms and was killed`),
    spec.timeout,
  );

  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      // Whatever it left running goes with it; this also closes the pipes that such processes inherited.
      killGroup(child);
      ended.abort();
      resolve({ code, signal });
    });
  });

  // A plugin need not read its input: closing the pipe early is no fault.
  stdin.on('error', () => {});
  stdin.end(spec.input);

  const log = openLog(spec.name, op);
  const lines = splitLines(runtimeLimits(op, 'pluginLogLineBytes'), (line) => log.message('info', line));
  const logFull = (): void => fail('RUNTIME_LOG_LIMIT', 'wrote more to stderr than is accepted and was killed');
  const drainTime = runtimeLimits(op, 'pluginDrainTime');
  const maximum = runtimeLimits(op, 'pluginOutputBytes');
  const isOver = (): boolean => ended.signal.aborted && (failure !== undefined || op?.signal?.aborted === true);
  const chunks: Uint8Array[] = [];
  let outputBytes = 0;
  try {
    await Promise.all([
      pumpOutput(stdout, ended.signal, drainTime, async (chunk) => {
        if (isOver()) return false;
        if (outputBytes + chunk.length > maximum) {
          fail('RUNTIME_OUTPUT_LIMIT', `wrote more than ${maximum} bytes and was killed`);
          return false;
        }
        outputBytes += chunk.length;
        if (spec.sink === undefined) chunks.push(chunk);
        else await spec.sink(chunk);
        return true;
      }),
      pumpOutput(stderr, ended.signal, drainTime, (chunk) => {
        if (isOver()) return false;
        if (lines.write(chunk)) return true;
        logFull();
        return false;
      }),
      exit,
    ]);
    if (!lines.end()) logFull();
  } finally {
    clearTimeout(deadline);
    op?.signal?.removeEventListener('abort', kill);
    kill();
    stdin.destroy();
    stdout.destroy();
    stderr.destroy();
    await exit;
  }
  op?.signal?.throwIfAborted();

  const { code, signal } = await exit;
  if (failure === undefined && signal !== null) fail('RUNTIME_SIGNAL', `was ended by ${signal}`);
  if (failure === undefined && code !== null && code !== 0) fail('RUNTIME_EXIT', `ended with exit code ${code}`);
  return {
    output: Buffer.concat(chunks),
    ...(code === null ? {} : { exitCode: code }),
    ...(signal === null ? {} : { signal }),
    durationMs: monotonic() - started,
    inputBytes: spec.input.length,
    outputBytes,
    ...(failure === undefined ? {} : { failure }),
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

async function start(spec: ProcessSpec): Promise<Started> {
  try {
    const child = spawn(spec.file, [...spec.args], {
      cwd: spec.directory,
      env: spec.environment,
      detached: true,
      shell: false,
      windowsHide: true,
      stdio: spec.stdio,
    });
    await once(child, 'spawn');
    // From here on only a failed kill could be reported this way, and the exit tells more.
    child.on('error', () => {});
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('a pipe is missing');
    return { child, stdin, stdout, stderr };
  } catch (cause) {
    const problem = `${spec.name} could not be started: ${(cause as Error).message}`;
    throw runtimeError('RUNTIME_NOT_STARTED', problem, { cause });
  }
}
