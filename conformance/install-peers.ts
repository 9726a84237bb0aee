/**
 * Installs the real peers of the end-to-end tests, by exact version, into a cache that is not committed:
 * Debian packages through apt, Go programs from the small modules under `peers/`. A peer that cannot be had fails the
 * run; nothing is skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const here: string = import.meta.dirname;

/** Where built peers are kept. */
export const peersDirectory: string = resolve(here, '..', 'node_modules', '.cache', 'gantry-peers');

const debian = [
  { command: 'docker-registry', package: 'docker-registry' },
  { command: 'skopeo', package: 'skopeo' },
  { command: 'htpasswd', package: 'apache2-utils' },
  { command: 'openssl', package: 'openssl' },
  { command: 'zstd', package: 'zstd' },
] as const;

const go = [
  { name: 'olareg', package: 'github.com/olareg/olareg/cmd/olareg', env: {}, flags: [] },
  { name: 'crane', package: 'github.com/google/go-containerregistry/cmd/crane', env: {}, flags: [] },
  { name: 'oras', package: '.', env: {}, flags: [] },
  {
    name: 'plugin.wasm',
    module: 'wasm-plugin',
    package: '.',
    env: { GOOS: 'wasip1', GOARCH: 'wasm' },
    flags: ['-buildmode=c-shared'],
  },
] as const;

/** Name of a peer that is built from Go sources. */
export type BuiltPeer = (typeof go)[number]['name'];

function run(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error !== undefined || status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? `exit ${status}`}`);
  }
}

function onPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, command)));
}

/** Makes every peer available; a second run finds them all and does nothing. */
export function installPeers(): void {
  const missing = debian.filter((peer) => !onPath(peer.command)).map((peer) => peer.package);
  if (missing.length > 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
  }
  mkdirSync(peersDirectory, { recursive: true });
  for (const peer of go) {
    const output = join(peersDirectory, peer.name);
    const module = 'module' in peer ? peer.module : peer.name;
    // go build compares inputs by itself; an up-to-date peer costs a fraction of a second.
    run('go', ['build', '-trimpath', ...peer.flags, '-o', output, peer.package], {
      cwd: join(here, 'peers', module),
      env: { ...process.env, ...peer.env },
    });
  }
}

if (import.meta.main) installPeers();
