import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { bundleCommand } from './bundle.ts';
import { type Manifest, type Published, readManifest, repository } from './packages.ts';

/** Lays out one package as it is published, by default under `build/npm/<directory>`, from what `npm run build` compiled. */
export async function stage(
  item: Published,
  target: string = join(repository, 'build', 'npm', item.directory),
): Promise<string> {
  const source = join(repository, 'packages', item.directory);
  const manifest = readManifest(item.directory);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  copyFileSync(join(repository, 'LICENSE'), join(target, 'LICENSE'));
  if (item.kind === 'command') {
    await bundleCommand(target);
    stageLaunchers(source, target);
    copyFileSync(join(repository, 'README.md'), join(target, 'README.md'));
    writeManifest(target, commandManifest(manifest));
  } else {
    stageLibrary(join(source, 'dist'), join(target, 'dist'));
    // Licences of what a library was made from. npm packs LICENSE by itself.
    if (existsSync(join(source, 'NOTICE'))) copyFileSync(join(source, 'NOTICE'), join(target, 'NOTICE'));
    writeFileSync(join(target, 'README.md'), libraryReadme(manifest));
    writeManifest(target, libraryManifest(manifest));
  }
  return target;
}

function stageLibrary(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (file) => !file.endsWith('.tsbuildinfo') });
  for (const entry of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
    if (entry.endsWith('.d.ts')) rewriteFile(join(to, entry), importsOfCompiledFiles);
  }
}

/** Declarations keep the extension of the sources; what is published has none of these. */
function importsOfCompiledFiles(text: string): string {
  return text.replace(/(from\s+|import\s*\(?\s*)(['"])(\.[^'"]*)\.ts\2/g, '$1$2$3.js$2');
}

function stageLaunchers(source: string, target: string): void {
  mkdirSync(join(target, 'bin'));
  for (const name of readdirSync(join(source, 'bin'))) {
    const launcher = join(target, 'bin', name);
    copyFileSync(join(source, 'bin', name), launcher);
    rewriteFile(launcher, (text) => text.replace(/'\.\.\/src\/([\w-]+)\.ts'/, "'../dist/$1.js'"));
    chmodSync(launcher, 0o755);
  }
}

function libraryManifest(manifest: Manifest): object {
  return {
    ...common(manifest),
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    files: ['dist', 'NOTICE'],
    dependencies: manifest.dependencies,
    peerDependencies: manifest.peerDependencies,
    peerDependenciesMeta: manifest.peerDependenciesMeta,
  };
}

/** Everything is in the bundle: the published command has no dependencies. */
function commandManifest(manifest: Manifest): object {
  return {
    ...common(manifest),
    exports: { './package.json': './package.json' },
    bin: manifest.bin,
    files: ['bin', 'dist'],
  };
}

function common(manifest: Manifest): object {
  const { name, version, description, license, engines } = manifest;
  return { name, version, description, license, type: 'module', sideEffects: false, engines };
}

function libraryReadme(manifest: Manifest): string {
  return `# ${manifest.name}\n\n${manifest.description}. A part of Gantry: plugins as OCI artifacts, from a reference to running code.\n\nESM with declarations; \`require()\` works as well. Needs Node ${manifest.engines.node}.\n`;
}

function writeManifest(target: string, manifest: object): void {
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function rewriteFile(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}
