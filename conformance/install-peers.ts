/**
 * Installs the real peers of the end-to-end tests, by exact version, into a cache that is not committed:
 * Debian packages through apt, Go programs from the small modules under `peers/`, each under a name of its own (two are
 * called cosign), packages from npm by their lock files. A peer that cannot be had fails the run; nothing is skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installNpmPeers } from './install-npm-peers.ts';

const here: string = import.meta.dirname;

/** Where built peers are kept. */
export const peersDirectory: string = resolve(here, '..', 'node_modules', '.cache', 'gantry-peers');

const debian = [
  { command: 'docker-registry', package: 'docker-registry' },
  { command: 'skopeo', package: 'skopeo' },
  { command: 'buildah', package: 'buildah' },
  { command: 'python3', package: 'python3' },
  { command: 'g++', package: 'g++' },
  { command: 'make', package: 'make' },
  { command: 'htpasswd', package: 'apache2-utils' },
  { command: 'openssl', package: 'openssl' },
  { command: 'zstd', package: 'zstd' },
  { command: 'ip', package: 'iproute2' },
] as const;

/** `tool`: the package to build; its version is in the go.mod of `peers/NAME`. Without one, the program there is ours. */
const go = [
  { name: 'olareg', tool: 'github.com/olareg/olareg/cmd/olareg' },
  { name: 'crane', tool: 'github.com/google/go-containerregistry/cmd/crane' },
  { name: 'oras' },
  {
    name: 'plugin.wasm',
    module: 'wasm-plugin',
    env: { GOOS: 'wasip1', GOARCH: 'wasm' },
    flags: ['-buildmode=c-shared'],
  },
  { name: 'ctsigner' },
  { name: 'trillian-mem' },
  { name: 'rekor-tiles', tool: 'github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix' },
  { name: 'timestamp-server', tool: 'github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server' },
  { name: 'fulcio', tool: 'github.com/sigstore/fulcio' },
  { name: 'rekor', tool: 'github.com/sigstore/rekor/cmd/rekor-server' },
  { name: 'cosign3', tool: 'github.com/sigstore/cosign/v3/cmd/cosign' },
  { name: 'cosign2', tool: 'github.com/sigstore/cosign/v2/cmd/cosign' },
] as const satisfies readonly GoPeer[];

interface GoPeer {
  readonly name: string;
  readonly tool?: string;
  readonly module?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

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
  for (const peer of go) build(peer);
  installNpmPeers(peersDirectory, run);
}

/** Backstage alone, for the demonstration. */
export function installBackstage(): void {
  mkdirSync(peersDirectory, { recursive: true });
  installNpmPeers(peersDirectory, run, 'backstage');
}

function build({ name, tool = '.', module = name, env = {}, flags = [] }: GoPeer): void {
  const output = join(peersDirectory, name);
  const started = performance.now();
  // Without inlining the compiler needs a quarter less time, which is most of what a cold run takes.
  // go build compares inputs by itself; an up-to-date peer costs a fraction of a second. One at a time: it uses all cores.
  run('go', ['build', '-gcflags=all=-l', ...flags, '-o', output, tool], {
    cwd: join(here, 'peers', module),
    env: { ...process.env, ...env },
  });
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

if (import.meta.main) installPeers();
