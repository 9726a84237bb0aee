/**
 * Installs peers from npm, each by its package-lock.json under `peers/`, into a directory of its own of the cache. A second
 * run finds them all and does nothing.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const here: string = import.meta.dirname;
const manifests = ['package.json', 'package-lock.json'] as const;

/** `native`: packages that are compiled for the very Node that the tests run on. */
const peers = [
  { name: 'backstage', native: ['better-sqlite3'] },
  { name: 'verdaccio', native: [] },
] as const;

/** Name of a peer from npm. */
export type NpmPeer = (typeof peers)[number]['name'];

/** Runs a command to its end; throws when it fails. */
type Run = (command: string, args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) => void;

/** Makes all of them, or one, available below a directory. */
export function installNpmPeers(directory: string, run: Run, only?: NpmPeer): void {
  for (const { name, native } of peers) {
    if (only !== undefined && name !== only) continue;
    const target = join(directory, name);
    const sources = manifests.map((file) => join(here, 'peers', name, file));
    const mark = join(target, 'installed');
    const wanted = identity(sources);
    if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) continue;
    console.log(`installing ${name}, once: some minutes`);
    const started = performance.now();
    mkdirSync(target, { recursive: true });
    rmSync(mark, { force: true });
    for (const [at, source] of sources.entries()) copyFileSync(source, join(target, manifests[at] ?? ''));
    const options = { cwd: target, env: environment() };
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], options);
    for (const one of native) run('npm', ['rebuild', one, '--loglevel=error'], options);
    writeFileSync(mark, wanted);
    console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

/** What an installation was made from: another lock file, or another Node for native packages, makes another one. */
function identity(sources: readonly string[]): string {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(source));
  return `${hash.digest('hex')} ${process.arch} ${process.versions.modules}\n`;
}

/** Native packages are built by this Node, and with its own headers where it brings them: nothing is fetched for that. */
function environment(): NodeJS.ProcessEnv {
  const bin = dirname(process.execPath);
  const prefix = dirname(bin);
  const headers = existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {};
  return { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, ...headers };
}
