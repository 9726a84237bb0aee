import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type FileSystem, randomName, systemFileSystem } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { unsyncedFileSystem } from '@gantry/testkit';
import type { LogSink } from '../install/log-sink.ts';
import { type DynamicRoot, type DynamicRootOptions, openDynamicRoot, type PluginFacts } from './open-root.ts';

/** A file system that does not wait for the disk. */
export const quick: FileSystem = unsyncedFileSystem(systemFileSystem);

/** A log that is kept. */
export interface KeptLog extends LogSink {
  readonly lines: readonly string[];
}

/** A log whose lines can be looked at. */
export function keptLog(): KeptLog {
  const lines: string[] = [];
  return { lines, line: (text) => void lines.push(text), warn: (text) => void lines.push(text) };
}

/** A root of the test. */
export function openTestRoot(directory: string, options: Partial<DynamicRootOptions> = {}): DynamicRoot {
  return openDynamicRoot(directory, { fileSystem: quick, log: keptLog(), ...options });
}

/** Files that every version of the test's plugins has; each says which version it is of. */
export const FILES = ['package.json', 'dist/index.js', 'dist/a.js', 'dist/b.js', 'node_modules/x/index.js'] as const;

/** What is recorded of a version. */
export function factsOf(version: string): PluginFacts {
  return {
    configHash: `hash-of-${version}`,
    imageHash: `image-of-${version}`,
    state: {
      schemaVersion: 1,
      package: `oci://registry.example/plugins:${version}!plugin`,
      image: `registry.example/plugins:${version}`,
      digest: `sha256:${'0'.repeat(64)}`,
      paths: ['plugin'],
      integrity: undefined,
      record: undefined,
      fingerprint: undefined,
      signer: 'unsigned',
      policy: undefined,
      installedAt: '2026-01-01T00:00:00.000Z',
    },
  };
}

/** A plugin in staging, with modes that only this user may read. */
export function stagePlugin(root: DynamicRoot, name: string, version: string) {
  const directory = join(root.staging(), randomName());
  writePlugin(directory, version);
  return { directory, name };
}

/** The files of a version, without the record of an installer. */
export function writePlugin(directory: string, version: string): void {
  for (const folder of ['.', 'dist', 'node_modules/x'])
    mkdirSync(join(directory, folder), { recursive: true, mode: 0o700 });
  for (const file of FILES) writeFileSync(join(directory, file), version);
}

/** One run of an installer that wants these plugins at these versions and nothing else. */
export async function runInstaller(
  root: DynamicRoot,
  wanted: Readonly<Record<string, string>>,
  op?: Op,
  locked: () => void = () => {},
): Promise<void> {
  await root.lock(op);
  locked();
  const installed = root.installed();
  for (const [name, version] of Object.entries(wanted)) {
    if (installed.some((found) => found.name === name && found.configHash === factsOf(version).configHash)) continue;
    await root.publish(stagePlugin(root, name, version), factsOf(version), op);
  }
  await root.writeFile('app-config.dynamic-plugins.yaml', JSON.stringify(wanted));
  for (const { name } of installed) if (wanted[name] === undefined) await root.remove(name);
}

/**
 * Reads every plugin as Backstage would, while others change them: what is wrong with one that stood in its place all the
 * while. Gives the versions that were seen.
 */
export function readPlugins(directory: string): ReadonlyMap<string, string> {
  const seen = new Map<string, string>();
  for (const name of readdirSync(directory)) {
    if (name.startsWith('.gantry-')) continue;
    const path = join(directory, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink()) throw new Error(`${name} is a link`);
    if (!stats?.isDirectory()) continue;
    const version = readOne(path);
    if (version !== undefined) seen.set(name, version);
  }
  return seen;
}

/** The version in a directory; undefined when it was replaced meanwhile. */
function readOne(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const found = [...FILES, 'dynamic-plugin-config.hash'].map((file) => readOrNothing(join(path, file)));
    // While it is open its number is not given to another directory.
    if (statSync(path, { throwIfNoEntry: false })?.ino !== fstatSync(fd).ino) return undefined;
    const [version] = found;
    const whole = FILES.map(() => version);
    if (version === undefined || JSON.stringify(found) !== JSON.stringify([...whole, `hash-of-${version}`])) {
      throw new Error(`${path} is half-made or mixed: ${JSON.stringify(found)}`);
    }
    return version;
  } finally {
    closeSync(fd);
  }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
