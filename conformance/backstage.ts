/** Backstage itself, as the host of what was installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from '@gantry/testkit';
import { peersDirectory } from './install-peers.ts';
import { freePort, run } from './processes.ts';

const home = join(peersDirectory, 'backstage');
const scripts = resolve(import.meta.dirname, 'peers', 'backstage');
/** Plugins outside the home of Backstage find its packages only so. */
const env = { NODE_PATH: join(home, 'node_modules') };

/** What Backstage's own loader made of a root. */
export interface Loaded {
  readonly plugins: readonly {
    readonly name: string;
    readonly version: string;
    readonly role: string;
    readonly failure?: string;
    /** What the entry point exports. */
    readonly feature?: string;
  }[];
  readonly lines: readonly { readonly level: string; readonly message: string }[];
}

/** Scans and loads a root. */
export async function loadDynamicPlugins(root: string): Promise<Loaded> {
  return JSON.parse(await run(process.execPath, [join(scripts, 'load-plugins.cjs'), root], { cwd: home, env }));
}

/** What the loader complained about. */
export function complaints({ lines }: Loaded): readonly string[] {
  return lines.filter(({ level }) => level !== 'info').map(({ level, message }) => `${level}: ${message}`);
}

/** A backend that runs for one test. */
export interface Backend {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Lines that it printed and that are no plain information. */
  readonly complaints: readonly string[];
}

/**
 * Makes a directory with `dynamic-plugins-root` the home of Backstage, as the product's image has it, starts a backend with
 * what the installer wrote there for it, and waits until it is ready.
 */
export async function startBackend(t: Cleanup, directory: string): Promise<Backend> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await writeFile(join(directory, 'package.json'), '{"name":"root","private":true,"workspaces":[]}\n');
  await symlink(env.NODE_PATH, join(directory, 'node_modules'));
  await writeFile(join(directory, 'app-config.yaml'), configuration(port));
  const files = ['app-config.yaml', 'dynamic-plugins-root/app-config.dynamic-plugins.yaml'];
  const flags = files.flatMap((file) => ['--config', file]);
  const child = spawn(process.execPath, [join(scripts, 'start-backend.cjs'), ...flags], {
    cwd: directory,
    env: { ...process.env, ...env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const isReady = async (): Promise<boolean> => {
    const answer = await fetch(`${url}/.backstage/health/v1/readiness`).catch(() => undefined);
    return answer?.ok === true;
  };
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`the backend ended with ${child.exitCode}: ${printed}`);
    await sleep(100);
  }
  return { url, complaints: printed.split('\n').filter((line) => line !== '' && !isInformation(line)) };
}

/** Before its logger is there, Backstage prints what it reads as plain lines. */
function isInformation(line: string): boolean {
  if (!line.startsWith('{')) return /^(Loading config from |skipping .* since it is not a directory$)/.test(line);
  const { level } = JSON.parse(line) as { level?: string };
  return level === 'info';
}

/** The name of the backend is nobody's: a local one would be a misconfiguration to it. */
function configuration(port: number): string {
  return [
    'backend:',
    `  baseUrl: http://hub.test:${port}`,
    `  listen: {host: 127.0.0.1, port: ${port}}`,
    "  database: {client: better-sqlite3, connection: ':memory:'}",
    '  auth: {dangerouslyDisableDefaultAuthPolicy: true}',
    '',
  ].join('\n');
}
