import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../packages.ts';

/** The tarballs that `npm run pack` made, by the name of their package. */
export function tarballs(): Readonly<Record<string, string>> {
  const directory = join(repository, 'build', 'tarballs');
  return Object.fromEntries(
    readdirSync(directory).map((file) => {
      const name = file.replace(/-\d+\.\d+\.\d+.*\.tgz$/, '').replace(/^gantry-/, '@gantry/');
      return [name, join(directory, file)];
    }),
  );
}

/** Makes an empty project and installs packages into it: tarballs, or names from the npm registry. */
export function installInto(directory: string, packages: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', ['install', ...flags, ...packages], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Installs one version of Node from the npm registry; returns the path of its program. */
export function installNode(directory: string, version: string): string {
  const name = `node-linux-${process.arch}`;
  installInto(directory, [`${name}@${version}`]);
  return join(directory, 'node_modules', name, 'bin', 'node');
}

/** How a program ended. */
export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program in a directory, with that directory as its home and nothing else of this environment but PATH. */
export function run(program: string, args: readonly string[], cwd: string): Ran {
  const env = { PATH: process.env['PATH'], HOME: cwd, GANTRY_HOME: join(cwd, 'home') };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}
