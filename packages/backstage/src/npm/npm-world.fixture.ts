import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fakeEnvironment, tempDir } from '@gantry/testkit';
import type { Origin } from '../config/origin.ts';
import type { PackageSource, PluginEntry } from '../config/plugin-entry.ts';
import type { YamlValue } from '../yaml/yaml-value.ts';
import { type NpmOptions, type NpmPackages, openNpm } from './open-npm.ts';

/** A place with a working directory, a plugin root and staging in it. */
export interface NpmTestWorld {
  readonly directory: string;
  readonly root: string;
  readonly staging: string;
  readonly home: string;
  readonly npm: NpmPackages;
  /** The names that are left in staging. */
  staged(): Promise<string[]>;
}

/** Options of {@link npmWorld}. */
export interface NpmWorldOptions extends Partial<NpmOptions> {
  /** .npmrc of the plugin root. */
  readonly npmrc?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Opens packages in fresh directories, under no settings but those given. */
export async function npmWorld(t: TestContext, options: NpmWorldOptions = {}): Promise<NpmTestWorld> {
  const base = await tempDir(t);
  const [directory, root, home] = ['work', 'root', 'home'].map((name) => join(base, name)) as [string, string, string];
  const staging = join(root, '.gantry-1');
  for (const made of [directory, home, staging]) await mkdir(made, { recursive: true });
  if (options.npmrc !== undefined) await writeFile(join(root, '.npmrc'), options.npmrc);
  const env = { HOME: home, PATH: join(base, 'bin'), PREFIX: join(base, 'prefix'), ...options.env };
  const npm = openNpm({
    root,
    directory,
    environment: fakeEnvironment({ env }),
    maxEntryBytes: 40_000_000,
    skipIntegrity: false,
    groupWritable: false,
    ...options,
  });
  t.after(() => npm[Symbol.asyncDispose]());
  return { directory, root, staging, home, npm, staged: () => readdir(staging) };
}

const ORIGIN: Origin = { file: 'dynamic-plugins.yaml', line: 7, column: 5 };

/** A value as it stands in dynamic-plugins.yaml. */
export function text(value: string): YamlValue {
  return { type: 'string', value, origin: ORIGIN };
}

/** An entry of dynamic-plugins.yaml; `./…` is a local one. */
export function entryOf(written: string, integrity?: string | YamlValue): PluginEntry {
  const source: PackageSource = written.startsWith('./')
    ? { type: 'local', directory: written }
    : { type: 'npm', spec: written };
  return {
    key: written,
    package: written,
    source,
    enabled: true,
    integrity: typeof integrity === 'string' ? text(integrity) : integrity,
    pluginConfig: undefined,
    pullPolicy: 'IfNotPresent',
    forceDownload: false,
    level: 1,
    record: new Map(),
    origins: new Map([['package', ORIGIN]]),
  };
}

/** Writes files below a directory. */
export async function writeTree(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

/** Every file below a directory by path, with its content. */
export async function readTree(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    found[path.slice(directory.length + 1)] = await readFile(path, 'utf8');
  }
  return found;
}
