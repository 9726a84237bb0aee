/** Starts the real peers on free loopback ports, each for one test, and ends them with it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { peersDirectory } from './install-peers.ts';

const execute = promisify(execFile);

/** A registry that runs for one test. */
export interface Peer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
}

/** Path of a peer that was built. */
export function peer(name: 'olareg' | 'crane' | 'oras' | 'plugin.wasm'): string {
  return join(peersDirectory, name);
}

/** Runs a command to its end and gives its stdout; throws with its stderr when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { stdout } = await execute(command, args, {
    ...options,
    env: { ...process.env, ...options.env },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** A directory that goes with the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-e2e-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function started(t: TestContext, child: ChildProcess, url: string): Promise<void> {
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  });
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    try {
      await run('curl', ['-sk', '-o', '/dev/null', url]);
      return;
    } catch {
      await sleep(25);
    }
  }
  throw new Error(`${child.spawnfile} does not answer at ${url}`);
}

/** What Debian's docker-registry is started with, beside storage in memory. */
export interface DockerRegistryOptions {
  /** YAML under `auth:`. */
  readonly auth?: (directory: string) => Promise<string>;
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** docker-registry 2.8 (distribution): no referrers API. */
export async function startDockerRegistry(t: TestContext, options: DockerRegistryOptions = {}): Promise<Peer> {
  const directory = await temporaryDirectory(t);
  const address = `127.0.0.1:${await freePort()}`;
  const auth = options.auth === undefined ? '' : `auth:\n${await options.auth(directory)}\n`;
  const tls =
    options.tls === undefined ? '' : `, tls: {certificate: ${options.tls.certificate}, key: ${options.tls.key}}`;
  const configuration = join(directory, 'config.yml');
  await writeFile(
    configuration,
    `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {inmemory: {}, delete: {enabled: true}}
http: {addr: "${address}", secret: test${tls}}
${auth}`,
  );
  const child = spawn('docker-registry', ['serve', configuration], { stdio: 'ignore' });
  await started(t, child, `${options.tls === undefined ? 'http' : 'https'}://${address}/v2/`);
  return { address };
}

/** olareg: referrers API, sha512. */
export async function startOlareg(t: TestContext): Promise<Peer> {
  const directory = await temporaryDirectory(t);
  const port = await freePort();
  const child = spawn(peer('olareg'), ['serve', '--addr', '127.0.0.1', '--port', String(port), '--dir', directory], {
    stdio: 'ignore',
  });
  await started(t, child, `http://127.0.0.1:${port}/v2/`);
  return { address: `127.0.0.1:${port}` };
}

/** crane's registry in memory: no referrers API. */
export async function startCraneRegistry(t: TestContext): Promise<Peer> {
  const port = await freePort();
  const child = spawn(peer('crane'), ['registry', 'serve', '--address', `127.0.0.1:${port}`], { stdio: 'ignore' });
  await started(t, child, `http://127.0.0.1:${port}/v2/`);
  return { address: `127.0.0.1:${port}` };
}
