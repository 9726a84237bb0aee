import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes files below a directory. */
export async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

/** Writes a plugin as `rhdh-cli plugin export` leaves it: `DIRECTORY/dist-dynamic`. Gives the path of that. */
export async function exportPlugin(
  directory: string,
  name: string,
  more: { readonly manifest?: object; readonly files?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const exported = join(directory, 'dist-dynamic');
  await writeFiles(exported, {
    'package.json': JSON.stringify({
      name: `${name}-dynamic`,
      version: '1.2.3',
      description: 'greets',
      main: 'dist/index.cjs.js',
      files: ['dist'],
      bundleDependencies: true,
      dependencies: { inner: '1.0.0' },
      backstage: { role: 'backend-plugin' },
      ...more.manifest,
    }),
    'dist/index.cjs.js': 'exports.x = 1;\n',
    'src/left-out.ts': 'left out\n',
    '.gitignore': '*\n',
    'node_modules/inner/package.json': JSON.stringify({ name: 'inner', version: '1.0.0' }),
    'node_modules/inner/index.js': 'module.exports = 1;\n',
    ...more.files,
  });
  return exported;
}
