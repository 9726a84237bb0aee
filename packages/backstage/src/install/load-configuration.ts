import type { Op } from '@gantry/oci';
import { type LoadedConfiguration, loadDynamicPlugins } from '../config/load-dynamic-plugins.ts';
import { guessPaths } from './guess-paths.ts';
import type { InstalledPlugins } from './installed-plugins.ts';
import { type LogSink, silentLog } from './log-sink.ts';

/** What is needed to read the configuration, with as few questions to registries as possible. */
export interface ConfigurationReader {
  /** Absolute. */
  readonly directory: string;
  readonly catalogDefault: { readonly file: string; readonly shownAs: string } | undefined;
  readonly skipIntegrity: boolean;
  readonly installed: InstalledPlugins;
  /** Asks a registry which plugins an image holds. */
  readonly askPaths: (image: string, op?: Op) => Promise<readonly string[]>;
}

/** The configuration, and what was found out about images whose entries name no directory. */
export interface ReadConfiguration {
  readonly loaded: LoadedConfiguration;
  /** The directories of the plugins of an image. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  /** Images whose directories are those of what is installed: nobody was asked. */
  readonly recalled: ReadonlySet<string>;
}

/**
 * Reads dynamic-plugins.yaml and what it includes. Directories inside images are recalled from what is installed, but for
 * images in `ask`. Throws what `loadDynamicPlugins` throws.
 */
export async function loadConfiguration(
  reader: ConfigurationReader,
  ask: ReadonlySet<string>,
  log: LogSink,
  op?: Op,
): Promise<ReadConfiguration> {
  const { directory, catalogDefault, skipIntegrity, installed } = reader;
  const paths = new Map<string, readonly string[]>();
  const recalled = new Set<string>();
  const files = { directory, ...(catalogDefault !== undefined && { catalogDefault }) };
  const theirs = installed.all.filter(({ state }) => state === undefined);
  let guesses: Promise<ReadonlyMap<string, string>> | undefined;
  const guess = async (image: string): Promise<readonly string[] | undefined> => {
    if (theirs.length === 0) return undefined;
    guesses ??= guessPaths((detectPaths) => loadDynamicPlugins({ ...files, detectPaths, log: silentLog }, op), theirs);
    const path = (await guesses).get(image);
    return path === undefined ? undefined : [path];
  };
  const detectPaths = async (image: string): Promise<readonly string[]> => {
    const known = ask.has(image) ? undefined : (installed.pathsOf(image) ?? (await guess(image)));
    if (known !== undefined) recalled.add(image);
    const found = known ?? (await reader.askPaths(image, op));
    paths.set(image, found);
    return found;
  };
  const loaded = await loadDynamicPlugins({ ...files, detectPaths, skipIntegrity, log }, op);
  return { loaded, paths, recalled };
}
