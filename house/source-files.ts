import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './packages.ts';

/** A file of the repository. */
export interface SourceFile {
  /** Path from the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** The TypeScript and JavaScript files below some directories of the repository, without what is built or installed. */
export function sourceFiles(...directories: readonly string[]): SourceFile[] {
  return directories.flatMap((directory) =>
    filesBelow(directory)
      .filter((path) => /\.(ts|mjs|js)$/.test(path))
      .map((path) => ({ path, text: readFileSync(join(repository, path), 'utf8') })),
  );
}

/** Every file that git knows and that exists; in a tree without git, every file. */
export function trackedFiles(): string[] {
  if (!existsSync(join(repository, '.git'))) return filesBelow('.').map((path) => path.slice(2));
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'utf8' });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(repository, path)));
}

function filesBelow(directory: string): string[] {
  if (!existsSync(join(repository, directory))) return [];
  return readdirSync(join(repository, directory)).flatMap((name) => {
    const path = `${directory}/${name}`;
    if (['node_modules', 'dist', 'build', '.git'].includes(name)) return [];
    return statSync(join(repository, path)).isDirectory() ? filesBelow(path) : [path];
  });
}

/** What a module imports, static and dynamic, types included. */
export function importsOf(text: string): string[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const found = code.matchAll(
    /(?:^|[^.\w])(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}
