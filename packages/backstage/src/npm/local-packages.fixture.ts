import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file: its content, and whether it is executable. */
type LocalFile = string | { readonly link: string } | { readonly executable: string; readonly mode?: number };

/** A local package, and what npm makes of it. */
export interface LocalPackage {
  readonly what: string;
  readonly files: Readonly<Record<string, LocalFile>>;
  /** Name of the archive that `npm pack --ignore-scripts` wrote, without `.tgz`. npm 11.19.1. */
  readonly name: string;
  /** The files in it, sorted; with `*` behind executables. */
  readonly packed: readonly string[];
}

const json = (fields: object): string => JSON.stringify(fields);
const bundled = (name: string, fields: object = {}): Record<string, string> => ({
  [`node_modules/${name}/package.json`]: json({ name, version: '1.0.0', ...fields }),
  [`node_modules/${name}/index.js`]: 'module.exports = 1;',
});

/** What was packed with the real npm, and what it packed. */
export const LOCAL_PACKAGES: readonly LocalPackage[] = [
  {
    what: 'no files field',
    name: 'all-1.0.0',
    packed: ['LICENSE', 'README.md', 'dist/index.js', 'package.json', 'src/deep/er/x.ts'],
    files: {
      'package.json': json({ name: 'all', version: '1.0.0' }),
      'README.md': 'r',
      LICENSE: 'l',
      'dist/index.js': '1',
      'src/deep/er/x.ts': '1',
      'package-lock.json': '{}',
      'yarn.lock': '',
      '.npmrc': 'secret',
      '.gitignore': 'ignored\n',
      ignored: 'i',
      '.git/config': 'g',
      'a.orig': 'o',
      '.DS_Store': 'd',
      'node_modules/not-bundled/index.js': 'n',
    },
  },
  {
    what: 'a files field, main outside of it and a negation',
    name: 'some-1.0.0',
    packed: ['config.d.ts', 'dist/a.js', 'lib/main.js', 'package.json', 'readme.txt'],
    files: {
      'package.json': json({
        name: 'some',
        version: '1.0.0',
        files: ['dist', '!dist/*.map', './config.d.ts'],
        main: 'lib/main.js',
      }),
      'dist/a.js': '1',
      'dist/a.js.map': '1',
      'lib/main.js': '1',
      'lib/other.js': '1',
      'config.d.ts': '1',
      'CHANGELOG.md': 'c',
      'readme.txt': 'r',
    },
  },
  {
    what: '.npmignore before .gitignore, in directories too',
    name: 'ignores-1.0.0',
    packed: ['dist/a.js', 'dist/sub/public.js', 'package.json'],
    files: {
      'package.json': json({ name: 'ignores', version: '1.0.0' }),
      '.npmignore': '*.test.js\n',
      '.gitignore': 'dist\n',
      'dist/a.js': '1',
      'dist/a.test.js': '1',
      'dist/sub/.npmignore': 'private.js\n',
      'dist/sub/private.js': '1',
      'dist/sub/public.js': '1',
    },
  },
  {
    what: 'an exported dynamic plugin: bundleDependencies true',
    name: 'acme-plugin-x-dynamic-0.2.1',
    packed: [
      'dist/index.cjs.js',
      'embedded/x/package.json',
      'node_modules/a/.npmignore',
      'node_modules/a/index.js',
      'node_modules/a/package.json',
      'node_modules/b/index.js',
      'node_modules/b/package.json',
      'package.json',
    ],
    files: {
      'package.json': json({
        name: '@acme/plugin-x-dynamic',
        version: '0.2.1',
        bundleDependencies: true,
        dependencies: { a: '1.0.0' },
        peerDependencies: { p: '*' },
        devDependencies: { d: '1.0.0' },
        files: ['dist', 'embedded'],
      }),
      'dist/index.cjs.js': '1',
      'embedded/x/package.json': json({ name: 'embedded-x', version: '1.0.0' }),
      '.gitignore': '*\n',
      ...bundled('a', { dependencies: { b: '1.0.0' } }),
      'node_modules/a/.npmignore': 'index.js\n',
      'node_modules/a/node_modules/nested/package.json': json({ name: 'nested', version: '1.0.0' }),
      ...bundled('b'),
      ...bundled('p'),
      ...bundled('d'),
      ...bundled('extraneous'),
    },
  },
  {
    what: 'a list of bundled dependencies, one of them with a scope',
    name: 'list-1.0.0',
    packed: [
      'index.js',
      'node_modules/@s/a/index.js',
      'node_modules/@s/a/package.json',
      'node_modules/b/index.js',
      'node_modules/b/package.json',
      'package.json',
    ],
    files: {
      'package.json': json({
        name: 'list',
        version: '1.0.0',
        bundledDependencies: ['@s/a', 'absent'],
        dependencies: { '@s/a': '*', c: '*', absent: '*' },
      }),
      'index.js': '1',
      ...bundled('@s/a', { dependencies: { b: '*' }, files: ['index.js'] }),
      'node_modules/@s/a/other.js': '1',
      ...bundled('b'),
      ...bundled('c'),
    },
  },
  {
    what: 'a bundled dependency that is a link into the package, and what it needs',
    name: 'linked-1.0.0',
    packed: [
      'dist/index.js',
      'node_modules/b/index.js',
      'node_modules/b/package.json',
      'node_modules/w/index.js',
      'node_modules/w/package.json',
      'package.json',
    ],
    files: {
      'package.json': json({
        name: 'linked',
        version: '1.0.0',
        bundleDependencies: ['w'],
        dependencies: { w: '*' },
        files: ['dist'],
      }),
      'dist/index.js': '1',
      'packages/w/package.json': json({ name: 'w', version: '1.0.0', dependencies: { b: '*' } }),
      'packages/w/index.js': '1',
      'packages/w/.npmignore': 'private.js',
      'packages/w/private.js': '1',
      'node_modules/w': { link: '../packages/w' },
      ...bundled('b'),
    },
  },
  {
    what: 'executables, by mode and by bin',
    name: 'bins-1.0.0',
    packed: ['bin/one.js', 'bin/two.js', 'package.json', 'plain.js', 'tool.sh*'],
    files: {
      'package.json': json({ name: 'bins', version: '1.0.0', bin: { one: './bin/one.js', two: 'bin/two.js' } }),
      'bin/one.js': '#!',
      'bin/two.js': '#!',
      'tool.sh': { executable: '#!/bin/sh' },
      'plain.js': '1',
    },
  },
  {
    what: 'bin as a text, with nothing else named',
    name: 'bin-1.0.0',
    packed: ['cli.js*', 'lib/a.js', 'package.json'],
    files: {
      'package.json': json({ name: 'bin', version: '1.0.0', bin: 'cli.js', files: ['lib'] }),
      'cli.js': '#!',
      'lib/a.js': '1',
    },
  },
  {
    what: 'links to files and to directories',
    name: 'links-1.0.0',
    packed: ['lib/a.js', 'package.json', 'real.js'],
    files: {
      'package.json': json({ name: 'links', version: '1.0.0' }),
      'real.js': '1',
      'link.js': { link: 'real.js' },
      'lib/a.js': '1',
      linked: { link: 'lib' },
      outside: { link: '/etc' },
    },
  },
  {
    what: 'a version with a v and build metadata',
    name: 'built-v1.2.3-rc.1+build.5',
    packed: ['index.js', 'package.json'],
    files: { 'package.json': json({ name: 'built', version: 'v1.2.3-rc.1+build.5' }), 'index.js': '1' },
  },
  {
    what: 'names that shells and Windows dislike',
    name: 'odd-1.0.0',
    packed: ['$(x).js', '-o.js', 'package.json', 'with space.js', 'ünï.js'],
    files: {
      'package.json': json({ name: 'odd', version: '1.0.0' }),
      'with space.js': '1',
      'a*b.js': '1',
      'ünï.js': '1',
      '-o.js': '1',
      '$(x).js': '1',
    },
  },
];

/** Writes the files of a package. */
export async function writeLocalPackage(directory: string, files: LocalPackage['files']): Promise<void> {
  for (const [path, file] of Object.entries(files)) {
    const to = join(directory, path);
    await mkdir(dirname(to), { recursive: true });
    if (typeof file === 'string') await writeFile(to, file);
    else if ('link' in file) await symlink(file.link, to);
    else {
      await writeFile(to, file.executable);
      await chmod(to, file.mode ?? 0o755);
    }
  }
}
