/** Servers of the benchmarks, each a process of its own, so that they do not share the client's event loop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running server. */
export interface Server {
  readonly port: number;
  /** Ends it and gives what it printed last. */
  stop(): Promise<string>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

/** Debian's docker-registry over a directory: the same server for Gantry and for its peers. */
export async function dockerRegistry(directory: string): Promise<Server> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const configuration = join(directory, 'config.yml');
  writeFileSync(
    configuration,
    `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${directory}}, delete: {enabled: true}}
http: {addr: "127.0.0.1:${port}", secret: bench}
`,
  );
  const child = spawn('docker-registry', ['serve', configuration], { stdio: 'ignore' });
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined))?.ok) break;
    await sleep(20);
  }
  return { port, stop: () => end(child).then(() => '') };
}

/** The built command's own registry, in memory: it has the referrers API. */
export async function gantryRegistry(command: readonly [string, ...string[]]): Promise<Server> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { address } = JSON.parse(line) as { address: string };
  return { port: Number(address.split(':').at(-1)), stop: () => end(child).then(() => '') };
}

/** Latency and bandwidth before a server, and a count of requests and connections when it stops. */
export async function slowProxy(target: number, latencyMs: number, bytesPerSecond: number): Promise<Server> {
  const script = join(import.meta.dirname, 'slow-proxy.ts');
  const child = spawn(process.execPath, [script, String(target), String(latencyMs), String(bytesPerSecond)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await once(reader, 'line');
  const stop = async (): Promise<string> => {
    await end(child);
    return lines.at(-1) ?? '';
  };
  return { port: Number(lines[0]), stop };
}

/** Counts without slowing: what a run asks for, taken in a run of its own. */
export function countingProxy(target: number): Promise<Server> {
  return slowProxy(target, 0, Number.POSITIVE_INFINITY);
}
