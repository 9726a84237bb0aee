import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Cleanup, tempDir } from '@gantry/testkit';
import type { PathDetector } from './detect-paths.ts';
import {
  type LoadedConfiguration,
  type LoadedPlugins,
  type LoadOptions,
  loadDynamicPlugins,
} from './load-dynamic-plugins.ts';

/** A loaded configuration, what was said meanwhile and which images were asked. */
export interface Loading {
  readonly result: LoadedConfiguration;
  /** Lines and warnings in their order, the line break before a line left out. */
  readonly said: readonly string[];
  readonly asked: readonly string[];
}

/** What a test may set beside the files. */
export interface LoadSettings extends Partial<Omit<LoadOptions, 'detectPaths'>> {
  /** Directories by image, or what asking for them throws. Other images have one directory, named as their last segment. */
  readonly images?: Readonly<Record<string, readonly string[] | Error>>;
  readonly limits?: Readonly<Record<string, number>>;
}

/** Files by their path. The main one is `dynamic-plugins.yaml`. */
export type Files = Readonly<Record<string, string>>;

/** Loads files from a directory of their own. */
export async function load(t: Cleanup, files: Files, settings: LoadSettings = {}): Promise<Loading> {
  const { images = {}, limits = {}, ...options } = settings;
  const directory = await tempDir(t);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  const said: string[] = [];
  const asked: string[] = [];
  const say = (text: string): void => void said.push(text.replace(/^\n/, ''));
  const detectPaths: PathDetector = async (image) => {
    asked.push(image);
    const answer = images[image] ?? [lastSegment(image)];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const log = { line: say, warn: say };
  const result = await loadDynamicPlugins({ directory, detectPaths, log, ...options }, { limits });
  return { result, said, asked };
}

/** As {@link load}, for what must come to plugins. */
export async function loadPlugins(
  t: Cleanup,
  files: Files,
  settings: LoadSettings = {},
): Promise<Loading & { readonly loaded: LoadedPlugins }> {
  const loading = await load(t, files, settings);
  if (loading.result.state !== 'loaded') throw new Error(`the configuration is ${loading.result.state}`);
  return { ...loading, loaded: loading.result };
}

/** A `plugins` list out of entries in flow style without their braces: `package: ./a, disabled: true`. */
export function pluginList(...entries: readonly string[]): string {
  return entries.length === 0 ? 'plugins: []\n' : `plugins:\n${entries.map((entry) => `  - { ${entry} }\n`).join('')}`;
}

function lastSegment(image: string): string {
  return /([^/:@]+)[:@][^/]*$/.exec(image)?.[1] ?? image;
}
